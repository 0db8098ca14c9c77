"""The spans of tasks and attempts.

    task shop.order                 made when the task comes to rest
    ├── step reserve                one for each attempt, with its true times
    └── step charge
        └── POST                    each request of an API step

The span of a task is not held open: the task may wait for days, and end in another
process. Its id is known beforehand, so attempts are made below it from the beginning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from tasker.actors.protocols import AttemptOrder, Clock
from tasker.actors.workflow.outcome import AttemptResult
from tasker.actors.workflow.state import WorkflowState
from tasker.actors.workflow.states import AT_REST
from tasker.stores.encoding import decode
from tasker.stores.records import StepState, TaskRecord, TaskState, Transition
from tasker.telemetry import otel
from tasker.telemetry.attempt_spans import Key, OpenAttempt
from tasker.telemetry.engine_log import logger
from tasker.telemetry.http_spans import TracedTransport
from tasker.telemetry.span_facts import (
    NOWHERE,
    PROPAGATOR,
    facts_of_task,
    links_of,
    named_in,
    nanoseconds,
    task_span_name,
)
from tasker.telemetry.span_ids import attempt_span_id, run_span_id, trace_id_of
from tasker.telemetry.tracer import PresetIds

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

P = ParamSpec("P")
R = TypeVar("R")


def _guarded(
    method: Callable[Concatenate[Traces, P], R],
) -> Callable[Concatenate[Traces, P], R | None]:
    """Log what a sampler or a processor of the application raises: work goes on without it."""

    def guarded(self: Traces, /, *args: P.args, **kwargs: P.kwargs) -> R | None:
        try:
            return method(self, *args, **kwargs)
        except Exception as failure:
            logger.warning("a span is lost: %s", failure, exc_info=failure)
            return None

    return wraps(method)(guarded)


class Traces:
    """Makes the spans of an engine's work: see `Tracing`.

    An attempt's span is ended when its outcome is durable, with the time at which its
    handler ended: only then is it known whether, and when, there is another attempt.

    Args:
        tracer: Makes them; its ids are ours from now on.
        clock: The engine's time.
        node_id: What names the engine in the spans.
    """

    def __init__(self, tracer: otel.Tracer, *, clock: Clock, node_id: str) -> None:
        self._ids = tracer.id_generator = PresetIds(tracer.id_generator)
        self._tracer = tracer
        self._clock = clock
        self._node_id = node_id
        self._begun: dict[Key, OpenAttempt] = {}
        self._runs: dict[str, _Run] = {}

    @_guarded
    def attempt(self, order: AttemptOrder) -> OpenAttempt | None:
        """Begin the span of an attempt."""
        state, name, number = order.state, order.step.name, order.attempt
        record = state.shown(order.step.index)
        ready, started = record.ready_at, record.started_at
        more = {}
        if ready is not None and started is not None:
            more["tasker.step.queued_seconds"] = max(0.0, started - ready)
        made = self._begin(state, name, number, self._now(), more)
        self._begun[made.key] = made
        return made

    def created(self, task: TaskRecord, at: float) -> None:
        """Do nothing: a span begins when work does."""

    def taken_up(self, state: WorkflowState, at: float) -> None:
        """Do nothing: what was lost is decided next."""

    def decided(self, state: WorkflowState, transitions: Sequence[Transition], at: float) -> None:
        """End the spans of what has come to an end, now that it is durable."""
        try:
            for transition in transitions:
                if transition.step is not None:
                    if transition.from_state == StepState.IN_PROGRESS:
                        self._settle(state, transition, at)
                elif transition.to_state in AT_REST and transition.from_state not in AT_REST:
                    self._tell_task(state, transition)
        finally:
            if state.head.owner is None:
                self._runs.pop(state.task.task_id, None)

    @_guarded
    def submitting(self) -> tuple[str, str | None] | None:
        """Return traceparent and tracestate of the current span, None when there is none."""
        carrier: dict[str, str] = {}
        PROPAGATOR.inject(carrier)
        parent = carrier.get("traceparent")
        return None if parent is None else (parent, carrier.get("tracestate"))

    def transport(
        self, inner: httpx.AsyncBaseTransport, *, passes_on: bool
    ) -> httpx.AsyncBaseTransport:
        """Return a transport that makes a span of each request, and may pass it on."""
        return TracedTransport(inner, self._tracer, passes_on=passes_on)

    @_guarded
    def close(self) -> None:
        """End what nobody will decide on any more: tasks that another engine has taken over."""
        for begun in list(self._begun.values()):
            begun.abandon(self._now())
        self._begun.clear()
        self._runs.clear()

    @_guarded
    def handler_ended(self, attempt: OpenAttempt, result: AttemptResult | None) -> None:
        """Take note that the handler of an attempt has ended; called by its span."""
        attempt.end_handler(result, self._now())

    def _now(self) -> int:
        return nanoseconds(self._clock.now())

    def _begin(
        self,
        state: WorkflowState,
        step: str,
        attempt: int,
        start: int,
        more: Mapping[str, Any],
    ) -> OpenAttempt:
        run, task_id = self._run(state), state.task.task_id
        links = []
        if attempt > 1:
            before = attempt_span_id(task_id, step, attempt - 1)
            links.append(otel.Link(_beside(run.context, before)))
        attributes: dict[str, Any] = {
            **run.attributes,
            "tasker.step.name": step,
            "tasker.step.attempt": attempt,
            **more,
        }
        with self._ids.preset(attempt_span_id(task_id, step, attempt)):
            span = self._tracer.start_span(
                f"step {step}", run.around, attributes=attributes, links=links, start_time=start
            )
        return OpenAttempt((task_id, step, attempt), span, self.handler_ended)

    def _run(self, state: WorkflowState) -> _Run:
        """Return what the attempts of a task that is in memory have in common."""
        task, started_at = state.task, state.head.started_at
        run = self._runs.get(task.task_id)
        if run is None or run.started_at != started_at:
            context = self._task_context(task, run_span_id(task.task_id, started_at))
            attributes = {**named_in(task), "tasker.node.id": self._node_id}
            run = self._runs[task.task_id] = _Run(started_at, context, attributes)
        return run

    def _task_context(self, task: TaskRecord, span_id: int) -> otel.SpanContext:
        """Return the context of a task's span, which is not made yet.

        Whether it will be sampled is asked of the sampler now, as it will be then.
        """
        trace_id = trace_id_of(task.task_id)
        made = self._tracer.sampler.should_sample(
            NOWHERE,
            trace_id,
            task_span_name(task),
            otel.SpanKind.CONSUMER,
            facts_of_task(task),
            links_of(task),
        )
        is_sampled = made.decision is otel.Decision.RECORD_AND_SAMPLE
        sampled = otel.TraceFlags.SAMPLED if is_sampled else otel.TraceFlags.DEFAULT
        return otel.SpanContext(
            trace_id,
            span_id,
            is_remote=False,
            trace_flags=otel.TraceFlags(sampled),
            trace_state=made.trace_state,
        )

    def _settle(self, state: WorkflowState, transition: Transition, at: float) -> None:
        """Tell an attempt's span what became of the attempt."""
        step, attempt = transition.step, transition.attempt
        if step is None or attempt is None:
            return
        begun = self._begun.pop((state.task.task_id, step, attempt), None)
        if begun is None:
            begun = self._lost(state, step, attempt, at)
        begun.settle(transition, decode(transition.detail) or {}, at)

    def _lost(self, state: WorkflowState, step: str, attempt: int, at: float) -> OpenAttempt:
        """Return the span of an attempt whose process is gone, and its span with it."""
        record = state.step(step)
        known = record.attempts == attempt and record.started_at is not None
        start = record.started_at if known and record.started_at is not None else at
        found = self._begin(state, step, attempt, nanoseconds(start), {"tasker.step.lost": True})
        found.ended_at = nanoseconds(at)
        return found

    def _tell_task(self, state: WorkflowState, transition: Transition) -> None:
        """Make the span of a task that has come to rest: of the run that has ended."""
        task, head = state.task, state.head
        start = task.created_at if head.started_at is None else head.started_at
        with self._ids.preset(
            run_span_id(task.task_id, head.started_at), trace_id_of(task.task_id)
        ):
            span = self._tracer.start_span(
                task_span_name(task),
                NOWHERE,
                otel.SpanKind.CONSUMER,
                attributes=facts_of_task(task),
                links=links_of(task),
                start_time=nanoseconds(start),
            )
        if span.is_recording():
            span.set_attribute("tasker.task.state", str(transition.to_state))
            span.set_attribute("tasker.node.id", self._node_id)
            span.set_attribute("tasker.task.attempts", sum(each.attempts for each in state.steps))
            failed = [each.name for each in state.steps if each.state is StepState.ERROR]
            if failed:
                span.set_attribute("tasker.task.failed_steps", failed)
            if transition.to_state == TaskState.ERROR:
                reason = (decode(transition.detail) or {}).get("reason", "it cannot go on")
                told = f"{reason}: {', '.join(failed)}" if failed else str(reason)
                span.set_status(otel.Status(otel.StatusCode.ERROR, told))
        span.end(nanoseconds(start if head.ended_at is None else head.ended_at))


class _Run:
    """The run of a task: the context of its span, and what it gives to those below."""

    __slots__ = ("around", "attributes", "context", "started_at")

    def __init__(
        self, started_at: float | None, context: otel.SpanContext, attributes: Mapping[str, Any]
    ) -> None:
        self.started_at = started_at
        self.context = context
        self.attributes = attributes
        self.around = otel.set_span_in_context(otel.NonRecordingSpan(context), NOWHERE)


def _beside(context: otel.SpanContext, span_id: int) -> otel.SpanContext:
    return otel.SpanContext(
        context.trace_id,
        span_id,
        is_remote=True,
        trace_flags=context.trace_flags,
        trace_state=context.trace_state,
    )
