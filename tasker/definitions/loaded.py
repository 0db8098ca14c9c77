"""A definition together with what must not be stored in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from tasker.definitions.check import check_definition
from tasker.definitions.config import read_config
from tasker.definitions.definition import Definition
from tasker.definitions.findings import Findings, Path
from tasker.definitions.nodes import Fields, from_plain
from tasker.errors import DefinitionError

Configs = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class LoadedDefinition:
    """A definition, where it is from, and its configurations with secrets filled in.

    ``source`` is ``file:line``, or ``module:line`` of a definition made in Python.
    ``configs`` holds the resolved ``handler_config`` of each step that has one, and
    ``task_config`` that of the task. Neither is shown by ``repr``, and neither can
    be encoded: a read-only mapping is nothing that msgspec or pickle would take.
    """

    definition: Definition
    source: str
    configs: Configs = field(default_factory=dict, repr=False)
    task_config: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "configs", MappingProxyType(dict(self.configs)))
        object.__setattr__(self, "task_config", MappingProxyType(dict(self.task_config)))


def load_definition(
    definition: Definition, source: str, environ: Mapping[str, str]
) -> LoadedDefinition:
    """Check a definition that was made by hand, or was stored, and resolve its configurations.

    Raises:
        DefinitionError: With every problem, at ``source``.
    """

    def step_at(path: Path) -> str | None:
        within = len(path) > 1 and path[0] == "steps"
        return (definition.steps[int(path[1])].name or None) if within else None

    findings = Findings(source, step_at)

    def resolved(config: Mapping[str, Any], path: Path, *, of_step: bool) -> Mapping[str, Any]:
        fields = from_plain(config, None)
        assert isinstance(fields, Fields)
        return read_config(fields, path, environ, findings, of_step=of_step).resolved

    for path, name in _names(definition):
        if not name:
            findings.add(None, path, "the name is empty", "give it a name")
    for finding in check_definition(definition, lambda path, value: str(value)):
        findings.add(None, finding.path, finding.message, finding.remedy)
    configs = {
        step.name: resolved(step.handler_config, ("steps", index, "handler_config"), of_step=True)
        for index, step in enumerate(definition.steps)
        if step.handler_config
    }
    task_config = resolved(definition.handler_config, ("handler_config",), of_step=False)
    if findings:
        raise DefinitionError(problems=findings.problems)
    return LoadedDefinition(
        definition=definition, source=source, configs=configs, task_config=task_config
    )


def _names(definition: Definition) -> Iterator[tuple[Path, str]]:
    yield ("name",), definition.name
    for index, step in enumerate(definition.steps):
        yield ("steps", index, "name"), step.name
