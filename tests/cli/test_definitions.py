"""`tasker check`, and `graph` of definitions."""

import pytest

from tests.cli.shop import BROKEN


@pytest.fixture
def broken(folder):
    (folder / "broken.yaml").write_text(BROKEN)


def test_check_what_is_right(tasker):
    said = tasker("check", "checkout.yaml")
    assert (said.code, said.out) == (0, "shop.checkout@1.2.0: 4 steps, no problems\n")
    said = tasker("check", ".", "--app", "tests.cli.shop:report", "--json")
    assert said.json == {
        "definitions": ["shop.checkout@1.2.0", "shop.report@0.1.0"],
        "problems": [],
    }


def test_check_reports_every_problem_on_a_line_of_its_own(tasker, broken):
    said = tasker("check", ".")
    assert said.code == 1
    lines = said.out.splitlines()
    assert [line.split(": ")[0] for line in lines] == [
        "broken.yaml:2",
        "broken.yaml:4",
        "broken.yaml:5",
        "broken.yaml:5",
    ]
    assert "did you mean 'Validate'?" in lines[1]
    assert said.err == "4 problems\n"


def test_check_as_json(tasker, broken):
    said = tasker("check", "broken.yaml", "--json")
    assert said.code == 1
    assert [problem["line"] for problem in said.json["problems"]] == [2, 4, 5, 5]
    assert said.json["problems"][0]["remedy"]


def test_check_without_handlers(tasker, folder):
    (folder / "far.yaml").write_text(
        "name: far\nstep_templates:\n  - {name: a, handler_class: elsewhere.steps:A}\n"
    )
    assert tasker("check", "far.yaml").code == 1
    assert tasker("check", "far.yaml", "--no-handlers").code == 0
    assert tasker("graph", "far.yaml").code == 0


def test_check_nothing(tasker):
    assert tasker("check").code == 2


def test_running_what_is_broken_starts_nothing(tasker, broken, folder):
    said = tasker("run", "broken.yaml", "--json")
    assert said.code == 2
    assert len(said.error["problems"]) == 4
    assert not (folder / "tasker.db").exists()


def test_graph_as_text(tasker):
    assert tasker("graph", "checkout.yaml").out == (
        "shop.checkout@1.2.0\n"
        "  1  validate\n"
        "  2  reserve   ← validate\n"
        "     charge    ← validate\n"
        "  3  ship      ← reserve, charge\n"
    )


def test_graph_as_mermaid_and_json(tasker):
    out = tasker("graph", "checkout", "-d", ".", "--format", "mermaid").out
    assert out.startswith('---\ntitle: "shop.checkout@1.2.0"\n---\nflowchart TD\n')
    assert '    s0["validate"]\n' in out
    assert "    s1 ==> s3\n" in out
    graph = tasker("graph", "shop.checkout@1.2.0", "-d", ".", "--json").json
    assert graph["levels"] == [["validate"], ["reserve", "charge"], ["ship"]]
    assert graph["critical_path"] == ["validate", "reserve", "ship"]
    assert graph["edges"][3] == {"from": "charge", "to": "ship", "critical": False}
    assert graph["steps"][3] == {
        "name": "ship",
        "depends_on": ["reserve", "charge"],
        "level": 2,
        "handler": "tests.cli.shop:Ship",
        "description": "",
        "state": None,
        "attempts": 0,
        "seconds": None,
        "critical": True,
    }
    assert tasker("graph", "checkout.yaml", "--format", "json").json == graph


def test_graph_as_pictures(tasker):
    assert tasker("graph", "checkout.yaml", "-f", "svg").out.startswith("<svg ")
    assert tasker("graph", "checkout.yaml", "-f", "html").out.startswith("<!DOCTYPE html>")
    assert tasker("graph", "checkout.yaml", "-f", "dot").out.startswith("digraph tasker {\n")


def test_graph_into_a_file(tasker, folder):
    said = tasker("graph", "checkout.yaml", "-f", "svg", "-o", "graph.svg")
    assert (said.code, said.out, said.err) == (0, "", "wrote graph.svg\n")
    assert (folder / "graph.svg").read_text().endswith("</svg>\n")
    assert tasker("graph", "checkout.yaml", "--json", "-o", "graph.json").out == ""
    assert (folder / "graph.json").read_text().startswith("{\n")
    said = tasker("graph", "checkout.yaml", "-o", "none/graph.txt")
    assert (said.code, said.err) == (
        1,
        "error: cannot write none/graph.txt: No such file or directory\n",
    )


def test_json_and_another_format_are_not_both(tasker):
    said = tasker("graph", "checkout.yaml", "--json", "-f", "svg")
    assert said.code == 2
    assert "--json and --format svg" in said.error["message"]


def test_graph_of_no_definition(tasker):
    said = tasker("graph", "pay", "-d", ".")
    assert said.code == 2
    assert "there are shop.checkout@1.2.0" in said.err
