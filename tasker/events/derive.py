"""From a decision to its events: pure, and only those that somebody listens to.

First come the changes of state, in their order, each followed by what it means; then
what follows for the workflow as a whole. Ids are made of the append's number, so that
the same decision gives the same ids, whoever tells of it.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from typing import TYPE_CHECKING

from tasker.actors.workflow.retry import attempts_left
from tasker.actors.workflow.state import WorkflowState
from tasker.events.decided import Decided, Detail, detail_of, task_facts
from tasker.events.event import Event, TaskEvent, custom_type, tag_of
from tasker.events.facts import STEP_FACTS, TASK_FACTS, Facts, task_kind
from tasker.events.observability import (
    ObservabilityStepBackoff,
    ObservabilityStepMaxRetriesReached,
    ObservabilityStepSkip,
)
from tasker.events.progress import WORKFLOW_FACTS
from tasker.events.published import Published
from tasker.events.task import TaskBottleneckDetected, TaskCreated
from tasker.stores.records import StepState, TaskRecord, Transition

if TYPE_CHECKING:
    from tasker.events.bottlenecks import BottleneckFinder

BYPASSED = "bypassed"
_HOLDING_UP = frozenset({StepState.ERROR, StepState.CANCELLED})


class Wanted:
    """Which events somebody listens to.

    Args:
        names: Those of the engine's own.
        custom: Whether a custom event of a name is wanted.
        bottlenecks: What finds bottlenecks, None where nobody wants to hear of them.
    """

    __slots__ = ("bottlenecks", "custom", "names", "tasks_only", "workflow")

    def __init__(
        self,
        names: Container[str],
        custom: Callable[[str], bool],
        bottlenecks: BottleneckFinder | None = None,
    ) -> None:
        self.names = names
        self.custom = custom
        self.bottlenecks = bottlenecks
        self.workflow = tuple(each for each in WORKFLOW_FACTS if _NAMES[each[0]] in names)
        self.tasks_only = not self.workflow and not any(name in names for name in _STEP_NAMES)


def derive(
    state: WorkflowState, seq: int, transitions: Sequence[Transition], at: float, wanted: Wanted
) -> list[Event]:
    """Return the events of one append, in their order.

    Args:
        state: The task after it; ``state.undurable`` has the steps before it.
        seq: The append's number.
        transitions: What it recorded.
        at: When it was decided, Unix seconds.
        wanted: Only these are made.
    """
    tasks_only = wanted.tasks_only
    telling = None if tasks_only else _Telling(state, seq, transitions, at, wanted)
    held_up: dict[str, int] = {}
    for number, transition in enumerate(transitions):
        # What a handler published is in the detail; most transitions have none, so that
        # most appends have nothing for those who hear of tasks alone.
        if tasks_only and transition.step is not None and transition.detail is None:
            continue
        if telling is None:
            telling = _Telling(state, seq, transitions, at, wanted)
        if transition.step is None:
            telling.of_task(number, transition)
        else:
            telling.of_step(number, transition)
            if transition.to_state in _HOLDING_UP:
                held_up[transition.step] = number
    if telling is None:
        return []
    if wanted.workflow:
        telling.of_workflow()
    if held_up and wanted.bottlenecks is not None:
        telling.of_bottlenecks(wanted.bottlenecks, held_up)
    return telling.events


def task_created(task: TaskRecord, at: float) -> TaskCreated:
    """Return the event of a task that was submitted."""
    return TaskCreated(
        # It is the first transition of the first append, whoever records it.
        event_id=f"{task.task_id}/1/0/task.created",
        at=at,
        priority=task.priority,
        initiator=task.initiator,
        source_system=task.source_system,
        reason=task.reason,
        tags=task.tags,
        task_id=task.task_id,
        correlation_id=task.correlation_id,
        namespace=task.namespace,
        task_name=task.name,
        version=task.version,
    )


class _Telling(Decided):
    """The events of one decision in the making."""

    __slots__ = ("_seq", "_wanted", "events")

    def __init__(
        self,
        state: WorkflowState,
        seq: int,
        transitions: Sequence[Transition],
        at: float,
        wanted: Wanted,
    ) -> None:
        super().__init__(state, transitions, at)
        self.events: list[Event] = []
        self._seq = seq
        self._wanted = wanted

    def of_task(self, number: int, transition: Transition) -> None:
        names = self._wanted.names
        if transition.from_state is None:
            if "task.created" in names:
                self.events.append(task_created(self.state.task, self.at))
            return
        kind = task_kind(transition)
        if _NAMES[kind] in names:
            self._tell(kind, number, TASK_FACTS[kind](self, detail_of(transition)))

    def of_step(self, number: int, transition: Transition) -> None:
        detail, names = detail_of(transition), self._wanted.names
        index = self.state.plan.index[str(transition.step)]
        for count, published in enumerate(detail.events):
            if self._wanted.custom(published.name):
                self._tell_custom(number, count, transition, published)
        kind, facts = STEP_FACTS[transition.to_state]
        if _NAMES[kind] in names:
            self._tell_step(kind, number, transition, facts(self, index, detail))
        if transition.to_state == StepState.ERROR:
            self._failure(number, transition, index, detail)
        elif detail.reason == BYPASSED and "observability.step.skip" in names:
            self._tell_step(ObservabilityStepSkip, number, transition, {})

    def of_workflow(self) -> None:
        for kind, facts in self._wanted.workflow:
            found = facts(self)
            if found is not None:
                self._tell(kind, "-", found)

    def of_bottlenecks(self, finder: BottleneckFinder, held_up: Mapping[str, int]) -> None:
        for facts in finder.found(self, held_up):
            self._tell(TaskBottleneckDetected, held_up[facts["step"]], facts)

    def _failure(self, number: int, transition: Transition, index: int, detail: Detail) -> None:
        names = self._wanted.names
        record, step = self.after(index), self.state.plan.steps[index]
        if detail.retry_at is not None:
            if "observability.step.backoff" in names:
                asked = record.error is not None and record.error.retry_after is not None
                self._tell_step(
                    ObservabilityStepBackoff,
                    number,
                    transition,
                    {
                        "backoff_seconds": max(0.0, detail.retry_at - self.at),
                        "retry_at": detail.retry_at,
                        "backoff_type": "server_requested" if asked else "exponential",
                        "error_class": detail.error_class,
                    },
                )
            return
        spent = step.retryable and not detail.permanent and not attempts_left(step, record)
        if spent and "observability.step.max_retries_reached" in names:
            self._tell_step(
                ObservabilityStepMaxRetriesReached,
                number,
                transition,
                {
                    "attempts": transition.attempt or 0,
                    "retry_limit": self.retry_limit(index),
                    "error_class": detail.error_class,
                    "error_message": detail.message,
                },
            )

    def _tell_custom(
        self, number: int, count: int, transition: Transition, published: Published
    ) -> None:
        task = self.state.task
        self.events.append(
            custom_type(published.name)(
                event_id=f"{task.task_id}/{self._seq}/{number}.{count}/{published.name}",
                at=published.at,
                step=str(transition.step),
                attempt=transition.attempt or 0,
                payload=published.content(),
                **task_facts(task),
            )
        )

    def _tell_step(
        self, kind: type[TaskEvent], number: int, transition: Transition, facts: Facts
    ) -> None:
        facts["step"] = transition.step
        facts["attempt"] = transition.attempt or 0
        self._tell(kind, number, facts)

    def _tell(self, kind: type[TaskEvent], number: int | str, facts: Facts) -> None:
        # Spelled out, for it is on the way of every event: one mapping less is half of it.
        task = self.state.task
        self.events.append(
            kind(
                event_id=f"{task.task_id}/{self._seq}/{number}/{_NAMES[kind]}",
                at=self.at,
                task_id=task.task_id,
                correlation_id=task.correlation_id,
                namespace=task.namespace,
                task_name=task.name,
                version=task.version,
                **facts,
            )
        )


_KINDS: tuple[type[TaskEvent], ...] = (
    *TASK_FACTS,
    *(kind for kind, _ in STEP_FACTS.values()),
    *(kind for kind, _ in WORKFLOW_FACTS),
    *(ObservabilityStepBackoff, ObservabilityStepMaxRetriesReached, ObservabilityStepSkip),
    TaskBottleneckDetected,
)
# Looked up several times a step: to ask a class for its tag costs ten times as much.
_NAMES = {kind: tag_of(kind) for kind in _KINDS}
_STEP_NAMES = tuple(
    name for name in _NAMES.values() if name.removeprefix("observability.").startswith("step.")
)

DECIDED = frozenset({"task.created", *_NAMES.values()})
"""The engine's events that `derive` and `task_created` tell of: those of appends."""
