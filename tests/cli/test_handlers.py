"""`tasker handlers`, and definitions by name: those that are given, and those of a server."""

import pytest

from tests.cli.command import STORE
from tests.cli.shop import report
from tests.server.threaded import served_in_a_thread

OTHER = """\
name: checkout
namespace_name: bank
step_templates:
  - {name: pay, handler_class: "tests.cli.shop:Ship"}
"""
REPORT = "tests.cli.shop:report"


@pytest.fixture
def url(folder):
    with served_in_a_thread(STORE, definitions=["checkout.yaml", report]) as url:
        yield url


@pytest.fixture(params=["given", "served"])
def places(request):
    """The options that say where `checkout.yaml` and `report` are."""
    if request.param == "given":
        return ["--definitions", "checkout.yaml", "--app", REPORT]
    return ["--server", request.getfixturevalue("url")]


def test_they_are_listed_alike(tasker, folder, places):
    said = tasker("handlers", *places)
    assert (said.code, said.err) == (0, "")
    assert [line.split()[:3] for line in said.out.splitlines()] == [
        ["definition", "versions", "steps"],
        ["shop.checkout", "1.2.0", "4"],
        ["shop.report", "0.1.0", "2"],
    ]
    found = tasker("handlers", *places, "--json").json["handlers"]
    assert [each["name"] for each in found] == ["checkout", "report"]
    assert found[0]["step_names"] == ["validate", "reserve", "charge", "ship"]
    assert found == tasker("handlers", "shop", *places, "--json").json["handlers"]
    assert "there are no definitions in bank" in tasker("handlers", "bank", *places).err


@pytest.mark.parametrize("name", ["shop.checkout", "checkout", "shop.checkout@1.2.0"])
@pytest.mark.parametrize("command", ["graph", "analyze"])
def test_one_is_drawn_and_analysed_alike(tasker, url, command, name):
    here = tasker(command, "checkout.yaml", "--json")
    there = tasker(command, name, "--server", url, "--json")
    assert (here.code, there.code) == (0, 0), there.err
    assert there.json == here.json


def test_a_name_that_means_none_or_several_is_told(tasker, folder):
    (folder / "other.yaml").write_text(OTHER)
    with served_in_a_thread(STORE, definitions=["checkout.yaml", "other.yaml"]) as url:
        for name, code, told in (
            ("checkout", 2, "several namespaces have it: bank, shop"),
            ("refund", 2, "it has none"),
            ("shop.refund", 2, "there is no handler 'shop.refund'"),
            ("mint.refund", 1, "there is no namespace 'mint'"),
            ("ffff", 1, "ffff"),
        ):
            said = tasker("graph", name, "--server", url)
            assert (said.code, told in said.err) == (code, True), said.err
        bank = tasker("graph", "bank.checkout", "--server", url, "--json")
        assert [step["name"] for step in bank.json["steps"]] == ["pay"]


def test_without_a_place_it_says_what_to_give(tasker):
    said = tasker("handlers")
    assert said.code == 2
    assert "--definitions" in said.err
    assert "--server" in said.err
