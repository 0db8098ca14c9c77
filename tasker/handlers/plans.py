"""From a definition, and what one task changes in it, to the plan that the rules run on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

import msgspec
from msgspec import Raw

from tasker.actors.workflow.plan import Backoff, Plan, StepPlan
from tasker.definitions.definition import Definition, StepDefinition
from tasker.errors import DefinitionError, Problem
from tasker.stores.encoding import encode

Overrides = Mapping[str, Mapping[str, Any]]
"""From a step's name to the settings in which one task differs from its definition."""


class _Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a task may change of a step."""

    depends_on: list[str] | msgspec.UnsetType = msgspec.UNSET
    retryable: bool | msgspec.UnsetType = msgspec.UNSET
    retry_limit: int | msgspec.UnsetType = msgspec.UNSET
    skippable: bool | msgspec.UnsetType = msgspec.UNSET
    timeout_seconds: float | msgspec.UnsetType | None = msgspec.UNSET


_decoder = msgspec.json.Decoder(dict[str, dict[str, Any]])


def encode_overrides(overrides: Overrides | None) -> Raw | None:
    """Return overrides as they are recorded with a task; None for none."""
    if not overrides:
        return None
    return encode(overrides, what="the task's changes to its definition")


def decode_overrides(recorded: Raw | None) -> dict[str, dict[str, Any]]:
    """Return recorded overrides."""
    return {} if recorded is None else _decoder.decode(recorded)


def compile_plan(
    definition: Definition,
    overrides: Overrides | None = None,
    *,
    backoff: Backoff | None = None,
    annotates: bool = False,
    orders_ready: bool = False,
) -> Plan:
    """Return the plan of a definition.

    Args:
        definition: The definition.
        overrides: What one task changes in it.
        backoff: The waits between attempts, or None for the default ones.
        annotates: Whether the task has an ``update_annotations`` hook.
        orders_ready: Whether the task has an ``order_ready_steps`` hook.

    Raises:
        DefinitionError: An override is of an unknown step or cannot be, or the
            graph has an unknown dependency or a cycle.
    """
    changed, problems = _changed(definition, overrides or {})
    steps = [changed.get(step.name, step) for step in definition.steps]
    problems += _graph_problems(steps)
    if problems:
        found = [
            Problem(where=definition.full_name, line=None, key=key, message=message, remedy=remedy)
            for key, message, remedy in problems
        ]
        raise DefinitionError(problems=found)
    return Plan(
        definition_hash=definition.hash,
        steps=_step_plans(definition, steps),
        backoff=backoff or Backoff(),
        max_execution_seconds=definition.max_execution_seconds,
        max_concurrent_steps=definition.max_concurrent_steps,
        annotates=annotates,
        orders_ready=orders_ready,
    )


def upstream_of(definition: Definition) -> dict[str, set[str]]:
    """Return for each step all steps that end before it starts."""
    known = definition.steps_by_name
    upstream: dict[str, set[str]] = {}

    def visit(names: Sequence[str]) -> set[str]:
        # Without recursion: a chain of steps may be longer than Python's stack.
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name in found or name not in known:
                continue
            found.add(name)
            if name in upstream:
                found |= upstream[name]
            else:
                waiting.extend(known[name].depends_on)
        return found

    for step in definition.steps:
        upstream[step.name] = visit(step.depends_on)
    return upstream


_Problem = tuple[str, str, str]


def _changed(
    definition: Definition, overrides: Overrides
) -> tuple[dict[str, StepDefinition], list[_Problem]]:
    changed: dict[str, StepDefinition] = {}
    problems: list[_Problem] = []
    for name, settings in overrides.items():
        step = definition.steps_by_name.get(name)
        if step is None:
            known = ", ".join(definition.steps_by_name)
            problems.append(
                (name, "the task changes a step that does not exist", f"known: {known}")
            )
            continue
        try:
            checked = msgspec.convert(dict(settings), _Settings)
        except msgspec.ValidationError as error:
            allowed = ", ".join(_Settings.__struct_fields__)
            problems.append((name, f"a changed setting cannot be: {error}", f"allowed: {allowed}"))
            continue
        problems += _limit_problems(name, checked)
        # Not to_builtins: it would keep nothing of what is unset, but copy lists too.
        values = {
            key: tuple(value) if key == "depends_on" else value
            for key in _Settings.__struct_fields__
            if (value := getattr(checked, key)) is not msgspec.UNSET
        }
        changed[name] = msgspec.structs.replace(step, **values)
    return changed, problems


def _limit_problems(name: str, settings: _Settings) -> list[_Problem]:
    problems: list[_Problem] = []
    limit, timeout = settings.retry_limit, settings.timeout_seconds
    if isinstance(limit, int) and limit < 1:
        problems.append((f"{name}.retry_limit", f"{limit} is below 1", "give at least 1"))
    if isinstance(timeout, int | float) and timeout <= 0:
        remedy = "give more than 0, or None for no limit"
        problems.append((f"{name}.timeout_seconds", f"{timeout} is not positive", remedy))
    return problems


def _graph_problems(steps: Sequence[StepDefinition]) -> list[_Problem]:
    names = {step.name for step in steps}
    problems = [
        (f"{step.name}.depends_on", f"unknown step {name!r}", f"known: {', '.join(sorted(names))}")
        for step in steps
        for name in step.depends_on
        if name not in names
    ]
    if not problems:
        try:
            TopologicalSorter({step.name: step.depends_on for step in steps}).prepare()
        except CycleError as cycle:
            path = " -> ".join(reversed(cycle.args[1]))
            problems.append(("depends_on", f"the steps form a cycle: {path}", "break it"))
    return problems


def _step_plans(definition: Definition, steps: Sequence[StepDefinition]) -> tuple[StepPlan, ...]:
    index = {step.name: i for i, step in enumerate(steps)}
    parents = [tuple(sorted({index[name] for name in step.depends_on})) for step in steps]
    dependents: list[list[int]] = [[] for _ in steps]
    for child, of_child in enumerate(parents):
        for parent in of_child:
            dependents[parent].append(child)
    return tuple(
        StepPlan(
            name=step.name,
            index=i,
            depends_on=parents[i],
            dependents=tuple(dependents[i]),
            retryable=step.retryable,
            retry_limit=step.retry_limit,
            skippable=step.skippable,
            timeout_seconds=step.timeout_seconds,
            limit_key=_limit_key(definition, step),
            concurrency=step.max_concurrent_requests,
            rate=step.rate_limit_per_second,
        )
        for i, step in enumerate(steps)
    )


def _limit_key(definition: Definition, step: StepDefinition) -> str | None:
    """Name the limiter: the system's, which other definitions share, or the step's own."""
    if step.dependent_system is not None:
        return step.dependent_system
    if step.max_concurrent_requests is None and step.rate_limit_per_second is None:
        return None
    return f"{definition.full_name}/{step.name}"
