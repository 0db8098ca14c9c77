"""Definitions are found in directories, in packages, and in an application."""

import sys
import textwrap

import pytest

from tasker.definitions import DefinitionBuilder, LoadedDefinition
from tasker.discovery import discover
from tasker.errors import DefinitionError
from tests.definitions.loading import STEP

APP = """
from tasker.definitions import Definition, StepDefinition, define

one = define("one")
two = define("two")
plain = Definition(name="plain", steps=(
    StepDefinition(name="a", handler="m:A", handler_config={"key": "${APP_SECRET}"}),
))
several = [one, plain]
by_name = {"one": one, "two": two}
number = 5
mixed = [one, "two"]

class Holder:
    inner = one

def make():
    return [one, two]

def generate():
    yield one

def fail():
    raise RuntimeError("no database")

async def later():
    return one

def refuse():
    bad = define("bad", version="x")
    return bad.build()
"""


@pytest.fixture
def app(tmp_path, monkeypatch):
    """The name of an application module that can be imported."""
    name = f"app_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(APP)
    (tmp_path / "broken_app.py").write_text("import no_such_dependency\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield name
    sys.modules.pop(name, None)
    sys.modules.pop("broken_app", None)


def names(found):
    return [
        each.definition.name if isinstance(each, LoadedDefinition) else each.build().name
        for each in found
    ]


def message_of(**options):
    with pytest.raises(DefinitionError) as caught:
        discover(**options)
    (problem,) = caught.value.problems
    return str(problem)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("one", ["one"]),
        ("plain", ["plain"]),
        ("several", ["one", "plain"]),
        ("by_name", ["one", "two"]),
        ("make", ["one", "two"]),
        ("generate", ["one"]),
        ("Holder.inner", ["one"]),
    ],
)
def test_an_application_may_offer_definitions_in_many_forms(app, name, found):
    assert names(discover(app=f"{app}:{name}", environ={"APP_SECRET": "s"})) == found


def test_a_builder_is_given_as_it_is_and_a_definition_with_its_configs(app):
    builder, plain = discover(app=f"{app}:several", environ={"APP_SECRET": "s3cret"})
    assert isinstance(builder, DefinitionBuilder)
    assert isinstance(plain, LoadedDefinition)
    assert plain.configs["a"] == {"key": "s3cret"}
    assert plain.source == f"{app}:several"


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("number", ["int is no definition", "define()"]),
        ("mixed", ["str is no definition"]),
        ("absent", ["has no 'absent'", "it has one, two, plain"]),
        ("fail", ["RuntimeError: no database"]),
        ("later", ["async function", "plain function"]),
        ("refuse", ["'x' is no semantic version"]),
        ("plain", ["APP_SECRET is not set"]),
    ],
)
def test_what_is_no_definition_is_explained(app, name, parts):
    text = message_of(app=f"{app}:{name}", environ={})
    for part in parts:
        assert part in text


@pytest.mark.parametrize("text", ["module", "module:", ":object"])
def test_an_application_is_named_as_module_and_object(text):
    assert "no module:object" in message_of(app=text)


def test_a_module_that_is_missing_or_broken_says_so(app):
    assert "no module 'no_such_app'" in message_of(app="no_such_app:x")
    assert "no module 'no_such_dependency'" in message_of(app="broken_app:x")


def test_directories_and_an_application_come_together(app, tmp_path):
    folder = tmp_path / "definitions"
    folder.mkdir()
    (folder / "one.yaml").write_text(STEP.replace("name: one", "name: from_yaml"))
    found = discover([folder], app=f"{app}:two", environ={})
    assert names(found) == ["from_yaml", "two"]


def test_problems_of_every_place_come_at_once(app, tmp_path):
    (tmp_path / "bad.yaml").write_text("colour: red\n")
    with pytest.raises(DefinitionError) as caught:
        discover([tmp_path / "bad.yaml", tmp_path / "absent"], app=f"{app}:number", environ={})
    assert {problem.where for problem in caught.value.problems} == {
        str(tmp_path / "bad.yaml"),
        str(tmp_path / "absent"),
        f"{app}:number",
    }


def test_installed_packages_offer_definitions_by_entry_point(app, tmp_path):
    metadata = tmp_path / "offering-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: offering\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        textwrap.dedent(f"""
        [tasker.definitions]
        all = {app}:make
        """)
    )
    assert names(discover(entry_points=True, environ={})) == ["one", "two"]
    assert discover(environ={}) == []

    (metadata / "entry_points.txt").write_text(f"[tasker.definitions]\nbad = {app}:number\n")
    text = message_of(entry_points=True, environ={})
    assert text.startswith(f"entry point bad ({app}:number): int is no definition")


def test_the_environment_of_the_files_is_handed_on(tmp_path):
    (tmp_path / "a.yaml").write_text(f"{STEP}environments:\n  test: {{description: tested}}\n")
    [found] = discover(tmp_path, environment="test", environ={}, check_handlers=False)
    assert isinstance(found, LoadedDefinition)
    assert found.definition.description == "tested"
