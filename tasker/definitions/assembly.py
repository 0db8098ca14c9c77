"""From the steps that were given in Python to a definition."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from types import FunctionType
from typing import Any, get_type_hints

import msgspec
from msgspec import Struct

from tasker.definitions import lookup
from tasker.definitions.check import check_definition
from tasker.definitions.config import NO_RULES, ConfigRules, HandlerConfig, read_config
from tasker.definitions.definition import (
    AnnotationType,
    CustomEvent,
    Definition,
    StepDefinition,
)
from tasker.definitions.drafts import DefinitionDraft, StepDraft, StepOptions
from tasker.definitions.findings import Findings, Path, list_words, nearest, problem_order
from tasker.definitions.graph import dependencies_of
from tasker.definitions.keys import LIMITS
from tasker.definitions.loaded import LoadedDefinition
from tasker.definitions.nodes import Fields, from_plain
from tasker.errors import DefinitionError, HandlerError
from tasker.handlers import reference as references
from tasker.handlers.function import injected_names

_HINTS: dict[type[Struct], dict[str, Any]] = {
    kind: get_type_hints(kind) for kind in (Definition, StepDefinition)
}


class Assembly:
    """One attempt at making a definition of a draft."""

    def __init__(self, draft: DefinitionDraft, environ: Mapping[str, str]) -> None:
        self._draft = draft
        self._drafts = tuple(draft.steps)
        self._environ = environ
        self._findings: dict[str, Findings] = {}
        self._names = {draft.name for draft in self._drafts}

    def finish(self) -> LoadedDefinition:
        """Check everything, and give the definition.

        Raises:
            DefinitionError: With every problem, at the module and line of its step.
        """
        targets = [self._target(draft) for draft in self._drafts]
        configs = [
            self._config(draft, target) for draft, target in zip(self._drafts, targets, strict=True)
        ]
        parts = zip(self._drafts, targets, configs, strict=True)
        steps = tuple(self._step(*part) for part in parts)
        definition, task_config = self._definition(steps)
        drafts: list[StepDraft | DefinitionDraft] = [self._draft, *self._drafts]
        for draft in drafts:
            if not draft.name:
                self._note_at(draft, ("name",), "the name is empty", "give it a name")
        for finding in check_definition(definition, lambda path, value: str(value)):
            self._note(finding.path, finding.message, finding.remedy)
        dependencies = dependencies_of(definition)
        for index, (step, target) in enumerate(zip(steps, targets, strict=True)):
            wrong = lookup.check_parameters(dependencies, step, target and target.target)
            if wrong is not None:
                remedy = "name it like a step, task, step or sequence, or give it a default"
                self._note(("steps", index, "handler"), wrong, remedy)
        problems = [p for findings in self._findings.values() for p in findings.problems]
        if problems:
            raise DefinitionError(problems=sorted(problems, key=problem_order))
        return LoadedDefinition(
            definition=definition,
            source=self._draft.source,
            configs={s.name: c.resolved for s, c in zip(steps, configs, strict=True) if c.written},
            task_config=task_config.resolved,
        )

    def _target(self, draft: StepDraft) -> references.HandlerTarget | None:
        try:
            return references.validate(find_target(draft.handler))
        except HandlerError as error:
            message = f"handler {error.handler!r}: {error.reason}"
            remedy = error.remedy or lookup.REMEDY
            self._note_at(draft, (draft.name, "handler"), message, remedy)
            return None

    def _config(self, draft: StepDraft, target: references.HandlerTarget | None) -> HandlerConfig:
        given = draft.options.get("handler_config")
        given = dict(given) if isinstance(given, Mapping) else {}
        # YAML writes the limits into the configuration; so the twins get equal hashes.
        for limit in LIMITS:
            if draft.options.get(limit) is not None:
                given.setdefault(limit, draft.options[limit])
        path: Path = (draft.name, "handler_config")
        rules = NO_RULES
        if target is not None:
            rules = ConfigRules.of(target.target, target.reference, draft.line)
        return self._read_config(given, path, draft, rules)

    def _read_config(
        self,
        given: Mapping[str, Any],
        path: Path,
        draft: StepDraft | DefinitionDraft,
        rules: ConfigRules = NO_RULES,
    ) -> HandlerConfig:
        module, line = draft.module, draft.line
        findings = self._findings_of(module)
        try:
            fields = from_plain(given, line)
        except TypeError as error:
            remedy = "use text, numbers, true, false, None, lists and dicts"
            findings.add(line, path, f"handler_config cannot be stored: {error}", remedy)
            return HandlerConfig()
        assert isinstance(fields, Fields)
        of_step = isinstance(draft, StepDraft)
        return read_config(fields, path, self._environ, findings, of_step=of_step, rules=rules)

    def _step(
        self, draft: StepDraft, target: references.HandlerTarget | None, config: HandlerConfig
    ) -> StepDefinition:
        # The others were read with the configuration, or are read below.
        given = {k: v for k, v in draft.options.items() if k not in (*LIMITS, "depends_on")}
        fields = self._convert(draft, (draft.name,), StepDefinition, given)
        fields["dependent_system"] = fields.get("dependent_system") or self._draft.default_system
        if config.written:
            fields["handler_config"] = config.written
            fields["max_concurrent_requests"] = config.max_concurrent_requests
            fields["rate_limit_per_second"] = config.rate_limit_per_second
        found = None if target is None else target.target
        fields.setdefault("description", _first_line(found))
        if target and "<" in target.reference and fields.get("executor") == "process":
            message = f"{target.reference} cannot be imported by another process"
            remedy = "define it at the top of a module, or drop executor"
            self._note_at(draft, (draft.name, "executor"), message, remedy)
        return StepDefinition(
            name=draft.name,
            handler=target.reference if target else "",
            depends_on=self._depends_on(draft, found),
            **fields,
        )

    def _depends_on(self, draft: StepDraft, target: Any) -> tuple[str, ...]:
        given = draft.options.get("depends_on", ())
        if isinstance(given, str) or callable(given):
            given = (given,)
        names = [name for each in given for name in self._step_names(draft, each)]
        if isinstance(target, FunctionType):
            names.extend(name for name in injected_names(target) if name in self._names)
        return tuple(dict.fromkeys(names))

    def _step_names(self, draft: StepDraft, dependency: Any) -> list[str]:
        if isinstance(dependency, str):
            return [dependency]
        found = [each.name for each in self._drafts if each.handler is dependency]
        if len(found) == 1:
            return found
        shown = getattr(dependency, "__qualname__", repr(dependency))
        message = (
            f"depends on {shown}, which is the handler of several steps: {list_words(found)}"
            if found
            else f"depends on {shown}, which is the handler of no step here"
        )
        self._note_at(draft, (draft.name, "depends_on"), message, "name the steps instead")
        return []

    def _definition(self, steps: tuple[StepDefinition, ...]) -> tuple[Definition, HandlerConfig]:
        draft = self._draft
        fields = {"name": ""} | self._convert(draft, (), Definition, draft.fields)
        given = fields.get("handler_config", {})
        path: Path = ("handler_config",)
        config = self._read_config(given, path, draft)
        fields["handler_config"] = config.written
        fields["task_handler"] = self._task_handler()
        return Definition(steps=steps, **fields), config

    def _task_handler(self) -> str | None:
        handler = self._draft.task_handler
        if handler is None:
            return None
        try:
            target = find_target(handler)
            lookup.check_task_handler(target)
            return target.reference
        except HandlerError as error:
            message = f"handler {error.handler!r}: {error.reason}"
            remedy = error.remedy or lookup.TASK_REMEDY
            self._note_at(self._draft, ("task_handler",), message, remedy)
            return None

    def _convert(
        self,
        draft: StepDraft | DefinitionDraft,
        path: Path,
        kind: type[Struct],
        given: Mapping[str, Any],
    ) -> dict[str, Any]:
        """The options that have the type of their field; the others are noted."""
        hints = _HINTS[kind]
        fields: dict[str, Any] = {}
        for name, value in given.items():
            here = (*path, name)
            if name not in hints:
                meant = nearest(name, StepOptions.__annotations__)
                remedy = f"did you mean {meant!r}?" if meant else "remove it"
                self._note_at(draft, here, f"unknown option {name!r}", remedy)
                continue
            try:
                fields[name] = msgspec.convert(_with_names(name, value), hints[name])
            except msgspec.ValidationError as error:
                # Not a whole configuration, which may hold anything.
                shown = repr(value) if isinstance(value, str | int | float) else "the value"
                message = f"{shown} is of the wrong type: {error}"
                self._note_at(draft, here, message, "give a value of that type")
        return fields

    def _note(self, path: Path, message: str, remedy: str) -> None:
        """Note a finding about a field of the definition, at its step when it has one."""
        draft: StepDraft | DefinitionDraft = self._draft
        if path[0] == "steps":
            draft = self._drafts[int(path[1])]
            path = (draft.name, *path[2:])
        self._note_at(draft, path, message, remedy)

    def _note_at(
        self, draft: StepDraft | DefinitionDraft, path: Path, message: str, remedy: str
    ) -> None:
        self._findings_of(draft.module).add(draft.line, path, message, remedy)

    def _findings_of(self, module: str) -> Findings:
        return self._findings.setdefault(module, Findings(module))


def find_target(handler: Any) -> references.HandlerTarget:
    """The class or function behind a handler, and the reference to store for it.

    Raises:
        HandlerError: It is neither, nor a reference to one.
    """
    if isinstance(handler, str):
        found = references.resolve(handler)
        return references.HandlerTarget(lookup.canonical_reference(found), found.target)
    reference = references.reference_of(handler)
    module, _, name = reference.partition(":")
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    if module == "__main__" and spec is not None:
        # `python -m shop.checkout` runs the module under another name than the one
        # that every other process imports it by.
        reference = f"{spec.name}:{name}"
    return references.HandlerTarget(reference, handler)


def _with_names(field: str, value: Any) -> Any:
    """Events and annotation types may be given by their names alone."""
    kinds = {"custom_events": CustomEvent, "annotation_types": AnnotationType}
    kind = kinds.get(field)
    if kind is None or not isinstance(value, Iterable) or isinstance(value, str):
        return value
    return [kind(name=each) if isinstance(each, str) else each for each in value]


def _first_line(target: Any) -> str:
    return (getattr(target, "__doc__", None) or "").strip().partition("\n")[0]
