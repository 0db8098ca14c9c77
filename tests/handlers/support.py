"""Run one attempt of one step, without an engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anyio
import msgspec
from msgspec import Raw

from tasker.actors.protocols import AttemptOrder
from tasker.actors.workflow.outcome import AttemptFailed, AttemptResult, AttemptSucceeded
from tasker.actors.workflow.state import WorkflowState
from tasker.definitions.definition import Definition, StepDefinition
from tasker.handlers.binding import BoundDefinition, bind
from tasker.handlers.runner import HandlerRunner
from tasker.stores.records import ErrorRecord, StepRecord, StepState, TaskRecord, TaskState

NOW = 1_700_000_000.0  # 2023-11-14 22:13:20 UTC


class FakeClock:
    """A clock that stands, and notes how long it was asked to sleep."""

    def __init__(self, now: float = NOW) -> None:
        self.time = now
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    async def wait(self, event: anyio.Event, seconds: float | None) -> None:
        raise NotImplementedError

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await anyio.lowlevel.checkpoint()


def raw(value: Any) -> Raw:
    return Raw(msgspec.json.encode(value))


failed_before = StepRecord(
    name="work",
    state=StepState.IN_PROGRESS,
    attempts=2,
    results=raw({"tried": 1}),
    error=ErrorRecord(error_class="ValueError", message="no"),
)


def task_record(definition: Definition, context: Any = None, **fields: Any) -> TaskRecord:
    return TaskRecord(
        task_id="task-1",
        namespace=definition.namespace,
        name=definition.name,
        version=definition.version,
        definition_hash=definition.hash,
        state=TaskState.IN_PROGRESS,
        created_at=NOW,
        requested_at=NOW - 5,
        context=raw(context or {}),
        **fields,
    )


def state_of(
    bound: BoundDefinition,
    *,
    context: Any = None,
    results: Mapping[str, Any] | None = None,
    records: Mapping[str, StepRecord] | None = None,
    **fields: Any,
) -> WorkflowState:
    """Return a task's state; steps with ``results`` are complete."""
    steps = [
        StepRecord(name=name, state=StepState.COMPLETE, attempts=1, results=raw(value))
        for name, value in (results or {}).items()
    ]
    steps += list((records or {}).values())
    return WorkflowState(
        task=task_record(bound.definition, context, **fields), plan=bound.plan, steps=steps
    )


def order_for(state: WorkflowState, step: str, attempt: int = 1) -> AttemptOrder:
    plan = state.plan
    return AttemptOrder(state=state, step=plan.steps[plan.index[step]], attempt=attempt)


def bound_step(
    handler: Any,
    *,
    name: str = "work",
    upstream: tuple[str, ...] = (),
    config: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    **step: Any,
) -> BoundDefinition:
    """Bind a definition whose last step has this handler; the others are before it."""
    before = [
        StepDefinition(name=each, handler="tests.handlers.support:nothing") for each in upstream
    ]
    reference = (
        handler if isinstance(handler, str) else f"{handler.__module__}:{handler.__qualname__}"
    )
    last = StepDefinition(
        name=name, handler=reference, depends_on=upstream, handler_config=dict(config or {}), **step
    )
    return bind(
        Definition(name="job", steps=(*before, last)),
        source="tests",
        targets={} if isinstance(handler, str) else {name: handler},
        environ=environ or {},
    )


def nothing() -> None:
    pass


async def attempt(
    handler: Any,
    *,
    context: Any = None,
    results: Mapping[str, Any] | None = None,
    record: StepRecord | None = None,
    number: int = 1,
    clock: FakeClock | None = None,
    task: Mapping[str, Any] | None = None,
    **binding: Any,
) -> AttemptResult:
    """Run one attempt of a handler, all in one line."""
    bound = bound_step(handler, upstream=tuple(results or {}), **binding)
    async with runner_for(bound, clock=clock) as runner:
        state = state_of(
            bound,
            context=context,
            results=results,
            records={"work": record} if record else None,
            **(task or {}),
        )
        return await runner.run(order_for(state, "work", number))


def runner_for(
    bound: BoundDefinition, *, clock: FakeClock | None = None, **options: Any
) -> HandlerRunner:
    return HandlerRunner(lambda _hash: bound, clock=clock or FakeClock(), **options)


def results_of(result: AttemptResult) -> Any:
    """Return the results of an attempt that must have succeeded."""
    assert isinstance(result, AttemptSucceeded), result
    return msgspec.json.decode(result.results)


def error_of(result: AttemptResult) -> ErrorRecord:
    """Return the error of an attempt that must have failed."""
    assert isinstance(result, AttemptFailed), result
    return result.error


def context_of(error: ErrorRecord) -> Any:
    """Return the facts that an error keeps."""
    assert error.context is not None
    return msgspec.json.decode(error.context)


def kept_by(result: AttemptResult) -> Any:
    """Return the results that a failed attempt had set by hand; None for none."""
    assert isinstance(result, AttemptFailed), result
    return None if result.results is None else msgspec.json.decode(result.results)
