"""What the workflow rules refuse."""

from __future__ import annotations

from tasker.stores.errors import TaskerError


class InvalidTransitionError(TaskerError):
    """The table of transitions has no arrow between these states."""

    def __init__(self, *, subject: str, from_state: str, to_state: str) -> None:
        self.subject = subject
        self.from_state = from_state
        self.to_state = to_state
        super().__init__(f"{subject} cannot go from '{from_state}' to '{to_state}'")


class InvalidOperationError(TaskerError):
    """An operation is not legal in the state of the task or step.

    ``operation`` and ``state`` are named; ``legal`` lists the states in which it is.
    """

    def __init__(self, *, operation: str, subject: str, state: str, legal: tuple[str, ...]) -> None:
        self.operation = operation
        self.subject = subject
        self.state = state
        self.legal = legal
        super().__init__(
            f"cannot {operation} {subject} while it is '{state}'; "
            f"that is legal in: {', '.join(legal) or 'no state'}"
        )


class TaskChangedError(TaskerError):
    """The task is not as the caller last saw it; nothing was done.

    ``expected_seq`` is the number of the append that they saw, ``seq`` the newest one.
    """

    def __init__(self, *, task_id: str, expected_seq: int, seq: int) -> None:
        self.task_id = task_id
        self.expected_seq = expected_seq
        self.seq = seq
        super().__init__(
            f"task {task_id} has changed since (it is at {seq}, not {expected_seq}); read it again"
        )


class UnknownStepError(TaskerError):
    """The task has no step of this name; ``known`` lists those that it has."""

    def __init__(self, *, task_id: str, step: str, known: tuple[str, ...]) -> None:
        self.task_id = task_id
        self.step = step
        self.known = known
        super().__init__(f"task {task_id} has no step {step!r}; it has {', '.join(known)}")
