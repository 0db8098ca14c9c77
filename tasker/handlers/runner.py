"""The runner: what the runtime calls to have users' code run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from typing import Any

import anyio
from anyio.abc import AsyncResource

from tasker.actors.protocols import AttemptOrder, Clock
from tasker.actors.workflow.outcome import AttemptFailed, AttemptResult
from tasker.actors.workflow.state import WorkflowState
from tasker.events.bus import EventBus
from tasker.handlers.binding import BoundDefinition
from tasker.handlers.classify import classify
from tasker.handlers.executors import Executors
from tasker.handlers.handling import Handling
from tasker.handlers.publishing import Publishing
from tasker.handlers.resources import Resources
from tasker.handlers.sequence import Sequence as StepSequence
from tasker.handlers.task import call_hook
from tasker.handlers.views import Step, Task
from tasker.stores.encoding import encode
from tasker.stores.records import AnnotationRecord, ErrorRecord
from tasker.telemetry.correlation import CORRELATION_HEADER
from tasker.telemetry.masking import DEFAULT_RULES, Masker, MaskingRules
from tasker.telemetry.scope import ActiveSpan, Scope, bound
from tasker.telemetry.tracing import AttemptSpan, Tracing

RESULT_LIMIT = 1024 * 1024  # bytes
THREADS = 40
HOOK_SECONDS = 30.0
"""How long a hook may take: until it returns, its task hears of nothing else."""
HOOK_FAILED = "tasker.hook_failed"
"""The type of the annotation that tells of a hook that raised."""

HookObserver = Callable[[str, str, ErrorRecord], None]
"""Hears of a hook that raised: task id, hook, error."""


class HandlerRunner(AsyncResource):
    """Runs steps' handlers and tasks' hooks; an async context manager.

    Args:
        bound_for: Returns the bound definition of a hash.
        clock: The time.
        result_limit: Greatest size of a result as JSON, in bytes.
        threads: How many ``def`` handlers may run at once.
        processes: How many ``executor: process`` handlers; None for one a core.
        hook_failed: Hears of hooks that raised, or None.
        events: Is told when handlers begin and end, or None.
        registered: Returns the custom events that every step may publish.
        masking: What errors hide whose definition is not to be had.
        correlation_header: The header by which API steps pass the correlation id on,
            empty for none.
        traces: What makes spans of attempts, or None.
    """

    def __init__(
        self,
        bound_for: Callable[[str], BoundDefinition],
        *,
        clock: Clock,
        result_limit: int = RESULT_LIMIT,
        threads: int = THREADS,
        processes: int | None = None,
        hook_failed: HookObserver | None = None,
        events: EventBus | None = None,
        registered: Callable[[], Collection[str]] = tuple,
        masking: MaskingRules = DEFAULT_RULES,
        correlation_header: str = CORRELATION_HEADER,
        traces: Tracing | None = None,
    ) -> None:
        self._events = events
        self._bound_for = bound_for
        self._clock = clock
        self._hook_failed = hook_failed
        self._masker = Masker(rules=masking)
        self._traces = traces
        self._executors = Executors(
            resources=Resources(clock, correlation_header=correlation_header, traces=traces),
            result_limit=result_limit,
            threads=threads,
            processes=processes,
            publishing=Publishing(clock.now, registered, result_limit),
        )

    def run(self, order: AttemptOrder) -> Coroutine[Any, Any, AttemptResult]:
        """Return what runs one attempt: it comes back with how that ended.

        It never raises, save for cancellation.
        """
        span = None if self._traces is None else self._traces.attempt(order)
        return self._run(order, None) if span is None else self._run_traced(order, span)

    async def _run_traced(self, order: AttemptOrder, span: AttemptSpan) -> AttemptResult:
        result: AttemptResult | None = None
        try:
            result = await self._run(order, span)
            return result
        finally:
            span.ended(result)

    async def _run(self, order: AttemptOrder, span: ActiveSpan | None) -> AttemptResult:
        try:
            definition = self._bound_for(order.state.plan.definition_hash)
            call = definition.steps[order.step.name]
        except Exception as failure:
            return AttemptFailed(error=classify(failure, self._masker))
        try:
            masker = definition.masker
            if self._events is None or not self._events.watches_handlers:
                return await self._executors.run(call, order, masker, span)
            with Handling(self._events, self._clock, order, call) as handling:
                handling.result = await self._executors.run(call, order, masker, span)
            return handling.result
        except Exception as failure:
            return AttemptFailed(error=classify(failure, definition.masker))

    async def order_ready(self, state: WorkflowState, ready: Sequence[int]) -> Sequence[int]:
        """Return the ready steps in the order that the task's hook wants.

        When the hook raises, in the order that they came in.
        """
        task, sequence = _views(state)
        try:
            definition = self._bound_for(state.plan.definition_hash)
            handler = definition.task_handler
            if handler is None:
                return ready
            steps = [sequence.find_step_by_name(state.plan.steps[index].name) for index in ready]
            scope = Scope(state.task, masker=definition.masker)
            with bound(scope), anyio.fail_after(HOOK_SECONDS):
                wanted = await call_hook(handler.order_ready_steps, task, steps)
            return _in_order(state, ready, wanted)
        except Exception as failure:
            self._tell_failed(state, "order_ready_steps", failure)
            return ready

    async def annotate(self, state: WorkflowState) -> Sequence[AnnotationRecord]:
        """Return what the task's hook wants noted; when it raises, a note that it did."""
        task, sequence = _views(state)
        task._annotations = []
        at = self._clock.now()
        try:
            definition = self._bound_for(state.plan.definition_hash)
            handler = definition.task_handler
            if handler is None:
                return ()
            scope = Scope(state.task, masker=definition.masker)
            with bound(scope), anyio.fail_after(HOOK_SECONDS):
                returned = await call_hook(
                    handler.update_annotations,
                    task,
                    sequence,
                    sequence.steps,
                    in_thread=self._executors.in_thread,
                )
            noted = [*task._annotations, *(returned or ())]
            return [_annotation(kind, annotation, at) for kind, annotation in noted]
        except Exception as failure:
            error = self._tell_failed(state, "update_annotations", failure)
            told = {
                "hook": "update_annotations",
                "error_class": error.error_class,
                "message": error.message,
            }
            return [_annotation(HOOK_FAILED, told, at)]

    async def in_thread(self, function: Callable[[], Any]) -> Any:
        """Run a hook that may block; for hooks that are called outside of a task's run."""
        return await self._executors.in_thread(function)

    def _tell_failed(self, state: WorkflowState, hook: str, failure: Exception) -> ErrorRecord:
        try:
            masker = self._bound_for(state.plan.definition_hash).masker
        except Exception:
            masker = self._masker
        error = classify(failure, masker)
        if self._hook_failed is not None:
            self._hook_failed(state.task.task_id, hook, error)
        return error

    async def aclose(self) -> None:
        """End worker processes and close what handlers shared."""
        await self._executors.aclose()


def _views(state: WorkflowState) -> tuple[Task, StepSequence]:
    task = Task(state.task, state.head.state)
    return task, StepSequence(state, task, decided=True)


def _in_order(
    state: WorkflowState, ready: Sequence[int], wanted: Iterable[Step | str]
) -> Sequence[int]:
    """Return the indexes as a hook put them; what it left out follows."""
    names = (each if isinstance(each, str) else each.name for each in wanted)
    first = dict.fromkeys(state.plan.index[name] for name in names)
    return [*(i for i in first if i in ready), *(i for i in ready if i not in first)]


def _annotation(kind: str, annotation: Mapping[str, Any], at: float) -> AnnotationRecord:
    if not isinstance(annotation, Mapping):
        raise TypeError(f"annotation {kind!r} is {type(annotation).__name__}, not a mapping")
    raw = encode(annotation, what=f"annotation {kind!r}")
    return AnnotationRecord(type=kind, annotation=raw, at=at)
