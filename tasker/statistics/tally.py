"""Taking note of tasks, one after the other, for `Statistics`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from msgspec import Struct

from tasker.actors.workflow.states import AT_REST
from tasker.statistics.blocking import Dependencies, Ends, waits
from tasker.statistics.durations import Durations
from tasker.statistics.slowest import Slowest
from tasker.stores.records import StepState, TaskState
from tasker.stores.times import FailureTimes, StepTimes, TaskTimes

DefinitionKey = tuple[str, str, str]
"""Namespace, name and version."""

UNKNOWN_ERROR = "unknown"
"""The class of a failure whose record names none."""

MEASURED_TASKS = frozenset({TaskState.COMPLETE, TaskState.ERROR})
"""A task that was cancelled or resolved says nothing of how long its work takes."""
MEASURED_RUNS = frozenset({StepState.COMPLETE, StepState.ERROR})
MEASURED_QUEUES = frozenset({StepState.IN_PROGRESS, StepState.COMPLETE, StepState.ERROR})

_UNKNOWN = Dependencies({})


class WaitTally:
    """What is counted of the waits of one step. ``longest`` is (microseconds, task)."""

    __slots__ = ("count", "longest_task_id", "longest_us", "total_us")

    def __init__(self) -> None:
        self.count = self.total_us = 0
        self.longest_us, self.longest_task_id = -1, ""

    def add(self, length_us: int, task_id: str) -> None:
        """Take note of a wait."""
        self.count += 1
        self.total_us += length_us
        if length_us > self.longest_us:
            self.longest_us, self.longest_task_id = length_us, task_id


class StepTally:
    """What is counted for a step of a definition.

    ``lost`` are the retried steps that failed for good; ``blocking`` are the waits
    of others for it, ``blocked`` its own.
    """

    __slots__ = (
        "attempts",
        "blocked",
        "blocking",
        "failed",
        "lost",
        "queue",
        "recovered",
        "retried",
        "retries",
        "run",
        "states",
    )

    def __init__(self) -> None:
        self.states: Counter[StepState] = Counter()
        self.attempts = self.failed = 0
        self.retries = self.retried = self.recovered = self.lost = 0
        self.queue = Durations()
        self.run = Durations()
        self.blocking = WaitTally()
        self.blocked = WaitTally()


class DefinitionTally:
    """What is counted for a definition, and for its steps by name."""

    __slots__ = ("run", "states", "steps", "total")

    def __init__(self) -> None:
        self.states: Counter[TaskState] = Counter()
        self.run = Durations()
        self.total = Durations()
        self.steps: defaultdict[str, StepTally] = defaultdict(StepTally)


class ErrorTally:
    """What is counted for a class of error. ``latest`` is (instant, task, step)."""

    __slots__ = ("failed", "latest", "permanent", "steps", "tasks")

    def __init__(self) -> None:
        self.failed = self.permanent = self.tasks = self.steps = 0
        self.latest: tuple[int, str, str] = (-1, "", "")


class SlowTask(Struct, frozen=True):
    """A task that may be among the slowest, and how many steps its definition has."""

    task: TaskTimes
    steps: int


class SlowStep(Struct, frozen=True):
    """A step that may be among the slowest."""

    task: TaskTimes
    step: StepTimes
    queue_us: int | None
    run_us: int | None


class Tally:
    """Counts what it is shown, in memory that does not grow with the number of tasks.

    But for sixteen bytes a task, and as many a step: the lengths of which exact
    percentiles are made.

    Args:
        until_us: The end of the period, by which a task must be at rest, or a step
            complete, to count as throughput.
        top: How many of the slowest to keep.
    """

    def __init__(self, until_us: int, top: int) -> None:
        self._until_us = until_us
        self.oldest_us: int | None = None
        self.ended_in_time = 0
        self.steps_ended_in_time = 0
        self.definitions: defaultdict[DefinitionKey, DefinitionTally]
        self.definitions = defaultdict(DefinitionTally)
        self.errors: defaultdict[str, ErrorTally] = defaultdict(ErrorTally)
        self.slowest_tasks: Slowest[SlowTask] = Slowest(top)
        self.slowest_steps: Slowest[SlowStep] = Slowest(top)
        self.longest_waits: Slowest[SlowStep] = Slowest(top)

    def add(self, tasks: Iterable[TaskTimes], known: Mapping[str, Dependencies]) -> None:
        """Take note of tasks; ``known`` holds the dependencies of definitions by hash."""
        for task in tasks:
            dependencies = known.get(task.definition_hash, _UNKNOWN)
            tally = self.definitions[task.namespace, task.name, task.version]
            self._add_task(task, tally, len(dependencies.needed) or len(task.steps))
            ends = Ends(task)
            for step in task.steps:
                needed = dependencies.needed.get(step.name, ())
                self._add_step(
                    task, step, tally.steps[step.name], ends.ready(step.ready_us, needed)
                )
            if task.failures:
                self._add_failures(task, tally)
            for dependent, blocker, length_us in waits(dependencies, ends):
                tally.steps[blocker].blocking.add(length_us, task.task_id)
                tally.steps[dependent].blocked.add(length_us, task.task_id)
        for tally in self.definitions.values():
            tally.run.settle()
            tally.total.settle()
            for each in tally.steps.values():
                each.queue.settle()
                each.run.settle()

    def _add_task(self, task: TaskTimes, tally: DefinitionTally, steps: int) -> None:
        state, started, ended = task.state, task.started_us, task.ended_us
        tally.states[state] += 1
        if self.oldest_us is None or task.created_us < self.oldest_us:
            self.oldest_us = task.created_us
        if ended is None or state not in AT_REST:
            return
        if ended < self._until_us:
            self.ended_in_time += 1
        if state in MEASURED_TASKS and started is not None:
            run_us = length(started, ended)
            tally.run.add(run_us)
            tally.total.add(length(task.created_us, ended))
            if run_us >= self.slowest_tasks.floor:
                self.slowest_tasks.offer(run_us, task.task_id, SlowTask(task, steps))

    def _add_step(
        self, task: TaskTimes, step: StepTimes, tally: StepTally, ready: int | None
    ) -> None:
        started, ended, state = step.started_us, step.ended_us, step.state
        tally.states[state] += 1
        tally.attempts += step.attempts
        if step.attempts > 1:
            tally.retries += step.attempts - 1
            tally.retried += 1
            tally.recovered += state is StepState.COMPLETE
            # In a task that goes on, it may wait for its next attempt.
            tally.lost += state is StepState.ERROR and task.state in AT_REST
        if started is None or state not in MEASURED_QUEUES:
            return
        queue_us = run_us = None
        if ready is not None:
            queue_us = length(ready, started)
            tally.queue.add(queue_us)
        if ended is not None and state in MEASURED_RUNS:
            run_us = length(started, ended)
            tally.run.add(run_us)
            if state is StepState.COMPLETE and ended < self._until_us:
                self.steps_ended_in_time += 1
            if run_us >= self.slowest_steps.floor:
                found = SlowStep(task, step, queue_us, run_us)
                self.slowest_steps.offer(run_us, f"{task.task_id}/{step.name}", found)
        if queue_us is not None and queue_us >= self.longest_waits.floor:
            found = SlowStep(task, step, queue_us, run_us)
            self.longest_waits.offer(queue_us, f"{task.task_id}/{step.name}", found)

    def _add_failures(self, task: TaskTimes, tally: DefinitionTally) -> None:
        steps: defaultdict[str, set[str]] = defaultdict(set)
        for failure in task.failures:
            kind = failure.error_class or UNKNOWN_ERROR
            _add_failure(self.errors[kind], failure, task.task_id)
            steps[kind].add(failure.step)
            tally.steps[failure.step].failed += 1
        for kind, names in steps.items():
            self.errors[kind].tasks += 1
            self.errors[kind].steps += len(names)


def length(start_us: int, end_us: int) -> int:
    """Return the time between two instants; 0 where a clock was set back between them."""
    return end_us - start_us if end_us > start_us else 0


def _add_failure(tally: ErrorTally, failure: FailureTimes, task_id: str) -> None:
    tally.failed += 1
    tally.permanent += failure.permanent
    tally.latest = max(tally.latest, (failure.at_us, task_id, failure.step))
