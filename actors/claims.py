"""The steps of one task that may start: in line, waiting for a permit, or given one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from tasker.actors.permits import Permits, Waiter
from tasker.actors.workflow.plan import StepPlan


class Claims:
    """Gets permits for a task's ready steps, for no more of them than the task may run."""

    __slots__ = ("_granted", "_permits", "_queue", "_steps", "_waiters")

    def __init__(self, permits: Permits, steps: tuple[StepPlan, ...]) -> None:
        self._permits = permits
        self._steps = steps
        self._queue: list[int] = []
        self._waiters: dict[int, Waiter] = {}
        self._granted: list[int] = []

    def __bool__(self) -> bool:
        return bool(self._queue or self._waiters or self._granted)

    @property
    def waiting(self) -> int:
        """How many steps wait for a permit."""
        return len(self._waiters)

    @property
    def queue(self) -> list[int]:
        """The steps in line, in the order in which they shall start."""
        return self._queue

    def add(self, ready: Iterable[int]) -> None:
        """Put steps in line."""
        self._queue.extend(ready)

    def reorder(self, queue: Iterable[int]) -> None:
        """Put the line in another order."""
        self._queue = list(queue)

    def take(
        self, ready: Collection[int], room: int, priority: int, nudge: Callable[[], None]
    ) -> list[int]:
        """Return steps that have a permit each now; have others wait for theirs.

        Args:
            ready: The steps that may start; others lose their place.
            room: How many steps may be taken, or wait, beyond those that wait.
            priority: The task's.
            nudge: Is called when a permit came later than it was asked for; the next
                `take` then gives the step.
        """
        if self._waiters:
            for index in [index for index in self._waiters if index not in ready]:
                self._waiters.pop(index).cancel()
        taken, self._granted = self._granted, []
        room -= len(taken)
        waiting: list[int] = []
        for place, index in enumerate(self._queue):
            if room <= 0:
                waiting = self._queue[place:]
                break
            if index not in ready or index in self._waiters or index in taken:
                continue
            room -= 1
            if self._permits.try_acquire(self._steps[index]):
                taken.append(index)
            else:
                self._wait(index, priority, nudge)
        self._queue = waiting
        return taken

    def drop(self) -> None:
        """Give everything back."""
        self._queue.clear()
        for waiter in self._waiters.values():
            waiter.cancel()
        self._waiters.clear()
        for index in self._granted:
            self._permits.release(self._steps[index])
        self._granted.clear()

    def _wait(self, index: int, priority: int, nudge: Callable[[], None]) -> None:
        def granted() -> None:
            self._waiters.pop(index, None)
            self._granted.append(index)
            nudge()

        # Entered first: a permit that is free by now is granted during the call.
        waiter = self._waiters[index] = Waiter(self._steps[index], granted)
        self._permits.wait(waiter, priority)
