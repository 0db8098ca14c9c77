"""Versions of definitions: semantic versions, with their precedence."""

from __future__ import annotations

from collections.abc import Iterable

import semver

REMEDY = 'write three numbers, as in "1.0.0" or "2.0.0-rc.1"'


def is_version(text: str) -> bool:
    """Whether a text is a semantic version."""
    return semver.Version.is_valid(text)


def is_prerelease(version: str) -> bool:
    """Whether a semantic version is a pre-release, as ``2.0.0-rc.1`` is."""
    return semver.Version.parse(version).prerelease is not None


def sort_versions(versions: Iterable[str]) -> list[str]:
    """Semantic versions from the lowest precedence to the highest.

    Build metadata has no precedence; versions that differ in it alone are in the
    order of their text, so that the result never depends on the order given.
    """
    return sorted(versions, key=lambda version: (semver.Version.parse(version), version))


def latest(versions: Iterable[str], *, prereleases: bool = False) -> str | None:
    """The highest version, or None; pre-releases count only when asked for."""
    candidates = [v for v in versions if prereleases or not is_prerelease(v)]
    return sort_versions(candidates)[-1] if candidates else None
