"""Loading of definitions that are written in the test."""

from collections.abc import Mapping
from pathlib import Path

from tasker.definitions import Definition, LoadedDefinition, load_definitions
from tasker.errors import DefinitionError, Problem

STEP = """
name: one
step_templates:
  - name: only
    handler_class: tests.definitions.shop:reserve
"""


def load(
    folder: Path,
    text: str,
    *,
    environ: Mapping[str, str] | None = None,
    environment: str | None = None,
    check_handlers: bool = True,
) -> LoadedDefinition:
    """Load one definition from YAML."""
    file = folder / "definition.yaml"
    file.write_text(text.lstrip("\n"))
    [loaded] = load_definitions(
        [file], environ=environ or {}, environment=environment, check_handlers=check_handlers
    )
    return loaded


def problems_of(folder: Path, text: str, **options) -> list[Problem]:
    """Give the problems of YAML that is wrong."""
    try:
        loaded = load(folder, text, **options)
    except DefinitionError as error:
        return list(error.problems)
    raise AssertionError(f"no problem was found in {loaded}")


def only_problem(folder: Path, text: str, **options) -> Problem:
    """Give the only problem."""
    problems = problems_of(folder, text, **options)
    assert len(problems) == 1, [str(problem) for problem in problems]
    return problems[0]


def step_named(definition: Definition, name: str):
    return definition.steps_by_name[name]
