"""Semantic versions and their precedence."""

import pytest

from tasker.definitions.version import is_prerelease, is_version, latest, sort_versions

# From the specification, item 11.
PRECEDENCE = [
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1",
    "1.2.0",
    "1.10.0",
]


def test_precedence_is_that_of_the_specification():
    assert sort_versions(reversed(PRECEDENCE)) == PRECEDENCE


def test_build_metadata_has_no_precedence_but_an_order():
    versions = ["1.0.0+b", "1.0.0+a", "1.0.0", "0.9.0+z"]
    assert sort_versions(versions) == sort_versions(reversed(versions))
    assert sort_versions(versions)[0] == "0.9.0+z"


def test_the_latest_is_no_prerelease_unless_asked():
    assert latest(["1.0.0", "2.0.0-rc.1"]) == "1.0.0"
    assert latest(["1.0.0", "2.0.0-rc.1"], prereleases=True) == "2.0.0-rc.1"
    assert latest(["2.0.0-rc.1"]) is None
    assert latest([]) is None


@pytest.mark.parametrize(
    "text", ["1.0", "1", "v1.0.0", "1.0.0.0", "01.0.0", "", "latest", "1.0.0 "]
)
def test_other_texts_are_no_versions(text):
    assert not is_version(text)


def test_a_prerelease_is_told_apart():
    assert is_prerelease("1.0.0-rc.1+build")
    assert not is_prerelease("1.0.0+build-1")
