"""One attempt of one handler, without an engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anyio.to_thread
import msgspec
from msgspec import Raw, Struct

from tasker.actors.workflow.outcome import AttemptFailed, AttemptSucceeded
from tasker.actors.workflow.state import WorkflowState
from tasker.config import MEBIBYTE
from tasker.definitions.definition import Definition, StepDefinition
from tasker.handlers.attempt import Attempt
from tasker.handlers.binding import BoundDefinition, bind
from tasker.handlers.resources import Resources
from tasker.stores.encoding import encode
from tasker.stores.records import ErrorRecord, StepRecord, StepState, TaskRecord, TaskState
from tasker.testing.clock import ManualClock


class HandlerRun(Struct, frozen=True, kw_only=True):
    """How an attempt ended.

    ``recorded`` is the result as JSON, as a store would keep it: None for a failed
    attempt, unless the handler had set results by hand. ``raised`` is what the
    handler raised, and ``error`` what would be recorded of it; both None for an
    attempt that succeeded. ``published`` are its custom events, name and payload.
    """

    recorded: bytes | None
    published: list[tuple[str, dict[str, Any]]] = []
    raised: BaseException | None = None
    error: ErrorRecord | None = None

    @property
    def results(self) -> Any:
        """The results, as the steps that depend on this one receive them."""
        return None if self.recorded is None else msgspec.json.decode(self.recorded)


async def run_handler(
    handler: Any,
    *,
    context: Mapping[str, Any] | None = None,
    results: Mapping[str, Any] | None = None,
    inputs: Any = None,
    attempt: int = 1,
    config: Mapping[str, Any] | None = None,
    **task: Any,
) -> Any:
    """Run one attempt of a handler; return its results, or raise what it raised.

        paid = await run_handler(Charge, context={"cart": 7}, results={"price": {"total": 12}})
        assert paid == {"paid": 12}

    The results went through JSON, as they do on their way to the next step. A
    ``def`` handler runs in a worker thread; one with ``executor: process`` runs in
    this process.

    Args:
        handler: A class with ``process``, a function, or ``package.module:Name``.
        context: The task's context.
        results: Results of the steps before it, by step.
        inputs: The step's own inputs, instead of the context.
        attempt: Which attempt it is.
        config: The step's ``handler_config``, placeholders filled in.
        task: Any more of what a `TaskRequest` holds: ``initiator``, ``tags``, ….

    Raises:
        DefinitionError: It cannot be a handler.
        EncodingError: Its result cannot be stored.
    """
    run = await attempt_handler(
        handler,
        context=context,
        results=results,
        inputs=inputs,
        attempt=attempt,
        config=config,
        **task,
    )
    if run.raised is not None:
        raise run.raised
    return run.results


async def attempt_handler(
    handler: Any,
    *,
    context: Mapping[str, Any] | None = None,
    results: Mapping[str, Any] | None = None,
    inputs: Any = None,
    attempt: int = 1,
    config: Mapping[str, Any] | None = None,
    **task: Any,
) -> HandlerRun:
    """Run one attempt of a handler as `run_handler` does, and return how it ended.

    run = await attempt_handler(Charge, context={"card": "declined"})
    assert run.error.permanent and run.error.error_code == "CARD_DECLINED"
    """
    bound = _bound(handler, before=tuple(results or {}), config=config or {})
    state = _state(
        bound, context=context or {}, results=results or {}, inputs=inputs, attempt=attempt, **task
    )
    plan = bound.plan.steps[-1]
    tried = Attempt(bound.steps[plan.name], state, plan, attempt, bound.masker)
    try:
        async with Resources(_ImpatientClock()) as resources:
            if tried.call.is_async:
                outcome = await tried.run_async(resources)
            else:
                output, processed = await anyio.to_thread.run_sync(tried.run_plain)
                outcome = await tried.settle(output, processed)
        ended: AttemptSucceeded | AttemptFailed = tried.succeeded(outcome, MEBIBYTE)
    except Exception as raised:
        ended = tried.failed(raised, MEBIBYTE)
        kept = None if ended.results is None else bytes(ended.results)
        return HandlerRun(
            recorded=kept, published=_published(tried), raised=raised, error=ended.error
        )
    return HandlerRun(recorded=bytes(ended.results or b"null"), published=_published(tried))


def _published(tried: Attempt) -> list[tuple[str, dict[str, Any]]]:
    outbox = tried.step.outbox
    return [] if outbox is None else [(each.name, each.content()) for each in outbox.published]


class _ImpatientClock(ManualClock):
    """Sleeping takes no time: handlers alone have nobody else to wait for."""

    async def sleep(self, seconds: float) -> None:
        self._move(self.now() + seconds)
        await anyio.lowlevel.checkpoint()


def _bound(handler: Any, *, before: tuple[str, ...], config: Mapping[str, Any]) -> BoundDefinition:
    name = _step_name(handler, before)
    reference = (
        handler
        if isinstance(handler, str)
        else f"{getattr(handler, '__module__', '?')}:{getattr(handler, '__qualname__', '?')}"
    )
    steps = [StepDefinition(name=each, handler=f"{__name__}:nothing") for each in before]
    steps.append(
        StepDefinition(name=name, handler=reference, depends_on=before, handler_config=dict(config))
    )
    return bind(
        Definition(name="handler-in-test", steps=tuple(steps)),
        source="a test",
        targets={} if isinstance(handler, str) else {name: handler},
        configs={name: config},
        environ={},
    )


def _step_name(handler: Any, taken: tuple[str, ...]) -> str:
    name = str(getattr(handler, "__name__", handler))
    return f"{name} (in test)" if name in taken else name


def _state(
    bound: BoundDefinition,
    *,
    context: Mapping[str, Any],
    results: Mapping[str, Any],
    inputs: Any,
    attempt: int,
    **fields: Any,
) -> WorkflowState:
    now = ManualClock().now()
    definition = bound.definition
    steps = [
        StepRecord(
            name=name,
            state=StepState.COMPLETE,
            attempts=1,
            results=encode(value, what=f"the result of step {name}"),
        )
        for name, value in results.items()
    ]
    steps.append(
        StepRecord(
            name=definition.steps[-1].name,
            state=StepState.IN_PROGRESS,
            attempts=attempt,
            started_at=now,
            inputs=None if inputs is None else encode(inputs, what="the inputs"),
        )
    )
    task = TaskRecord(
        task_id="00000000-0000-7000-8000-000000000000",
        namespace=definition.namespace,
        name=definition.name,
        version=definition.version,
        definition_hash=definition.hash,
        state=TaskState.IN_PROGRESS,
        created_at=now,
        requested_at=now,
        started_at=now,
        context=Raw(encode(context, what="the context")),
        **fields,
    )
    return WorkflowState(task=task, plan=bound.plan, steps=steps)


def nothing() -> None:
    """Stand for a step that has ended before the one under test."""
