"""The steps of a task as a handler sees them, to be found by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from tasker.errors import UnknownStepError
from tasker.handlers.views import Step, Task
from tasker.stores.records import StepState

if TYPE_CHECKING:
    from tasker.actors.workflow.state import WorkflowState

_REQUIRED: Final[Any] = object()


class Sequence:
    """The task's steps, in the order of the definition.

    As the store has them; with ``decided`` as they were just decided, for hooks whose
    own outcome is recorded along with it.
    """

    __slots__ = ("_decided", "_own", "_seen", "_state", "_task")

    def __init__(
        self,
        state: WorkflowState,
        task: Task,
        own: Step | None = None,
        *,
        decided: bool = False,
    ) -> None:
        self._decided = decided
        self._state = state
        self._task = task
        self._own = own
        self._seen: dict[str, Step] = {}

    def find_step_by_name(self, name: str) -> Step:
        """Return a step.

        Raises:
            UnknownStepError: The task has no such step.
        """
        step = self._seen.get(name)
        return self._look_up(name) if step is None else step

    def results_of(self, name: str) -> Any:
        """Return the results of a step; None when it has none (yet).

        Raises:
            UnknownStepError: The task has no such step.
        """
        return self.find_step_by_name(name).results

    @property
    def results(self) -> dict[str, Any]:
        """The results of every step that has ended well, by name."""
        return {
            step.name: step.results
            for step in self
            if step.state in (StepState.COMPLETE, StepState.RESOLVED_MANUALLY)
        }

    @property
    def steps(self) -> list[Step]:
        """All steps."""
        return list(self)

    def get_previous_step_data(
        self, name: str, key: str | None = None, default: Any = _REQUIRED
    ) -> Any:
        """Return a step's results, or what they hold under a key.

        Args:
            name: The step.
            key: A key of its results, or None for all of them.
            default: Returned where there are no such data; without it, that is an error.

        Raises:
            UnknownStepError: The task has no such step.
            KeyError: There are no such data, and no default.
        """
        results = self.results_of(name)
        if key is None and results is not None:
            return results
        if key is not None and isinstance(results, Mapping) and key in results:
            return results[key]
        if default is not _REQUIRED:
            return default
        wanted = "results" if key is None else f"result {key!r}"
        keys = f"; it has {', '.join(map(repr, results))}" if isinstance(results, Mapping) else ""
        state = self.find_step_by_name(name).state
        raise KeyError(f"step {name!r} ({state}) has no {wanted}{keys}")

    def _look_up(self, name: str) -> Step:
        if self._own is not None and name == self._own.name:
            return self._own
        state = self._state
        index = state.plan.index.get(name)
        if index is None:
            known = tuple(step.name for step in state.plan.steps)
            raise UnknownStepError(task_id=self._task.task_id, step=name, known=known)
        record = state.steps[index] if self._decided else state.shown(index)
        step = Step(task=self._task, plan=state.plan.steps[index], record=record)
        self._seen[name] = step
        return step

    def __iter__(self) -> Iterator[Step]:
        return (self.find_step_by_name(step.name) for step in self._state.plan.steps)

    def __len__(self) -> int:
        return len(self._state.plan.steps)

    def __contains__(self, name: object) -> bool:
        return name in self._state.plan.index
