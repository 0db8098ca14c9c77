"""The figures of the latest hours, side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tasker.statistics.durations import seconds
from tasker.statistics.figures import Window
from tasker.statistics.tally import MEASURED_RUNS, MEASURED_TASKS
from tasker.statistics.telling import HOUR_SECONDS, at_rest, completion_rate, error_rate
from tasker.stores.records import StepState, TaskState
from tasker.stores.times import StepTimes, TaskTimes


class _Mean:
    """Lengths of which the mean alone is wanted."""

    def __init__(self) -> None:
        self.count = self.total_us = 0

    def add(self, started_us: int | None, ended_us: int | None) -> None:
        if started_us is not None and ended_us is not None:
            self.count += 1
            self.total_us += max(0, ended_us - started_us)

    @property
    def seconds(self) -> float | None:
        return seconds(self.total_us) / self.count if self.count else None


class WindowTally:
    """Counts the tasks created from an instant on; all else it is shown, it passes over."""

    def __init__(self, hours: float, now_us: int) -> None:
        self._hours = hours
        self._since_us = now_us - round(hours * HOUR_SECONDS * 1e6)
        self.states: Counter[TaskState] = Counter()
        self._complete_steps = 0
        self._tasks, self._steps = _Mean(), _Mean()

    def add(self, tasks: Iterable[TaskTimes]) -> None:
        """Take note of tasks."""
        for task in tasks:
            if task.created_us < self._since_us:
                continue
            self.states[task.state] += 1
            if task.state in MEASURED_TASKS:
                self._tasks.add(task.started_us, task.ended_us)
            for step in task.steps:
                self._add_step(step)

    def window(self) -> Window:
        """Return the figures."""
        return Window(
            hours=self._hours,
            created=self.states.total(),
            task_throughput_per_hour=at_rest(self.states) / self._hours,
            step_throughput_per_hour=self._complete_steps / self._hours,
            completion_rate=completion_rate(self.states),
            error_rate=error_rate(self.states),
            mean_task_seconds=self._tasks.seconds,
            mean_step_seconds=self._steps.seconds,
        )

    def _add_step(self, step: StepTimes) -> None:
        if step.state in MEASURED_RUNS:
            self._steps.add(step.started_us, step.ended_us)
        self._complete_steps += step.state is StepState.COMPLETE
