"""Which step kept which other one waiting, and for how long.

A step waits for its dependencies until the last of them is done, so the wait is laid
to that one: from when it could itself have begun and was the only one missing, until
it was done. In symbols, for a dependent with dependencies P and the last of them L:

    wait = ended(L) - max(ready(L), max of ended(p) for p in P without L)

where ready(L) is when the dependencies of L were done, or work on the task began.
The retries, backoffs and queue waits of L are inside. Each instant of a step's wait
is laid to one other step at most, and a chain does not count what its first step
took once more for every later one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tasker.actors.workflow.states import SATISFYING
from tasker.stores.times import TaskTimes


class Dependencies:
    """The steps that each step of a definition depends on.

    ``needed`` holds them by step, each once; ``waiting`` the steps that have any.
    """

    __slots__ = ("needed", "waiting")

    def __init__(self, needed: Mapping[str, Iterable[str]]) -> None:
        self.needed = {name: tuple(dict.fromkeys(others)) for name, others in needed.items()}
        self.waiting = tuple((name, others) for name, others in self.needed.items() if others)


class Ends:
    """When each step of a task that is done satisfied its dependents, in ``by_step``.

    ``begun`` is when work on the task began, before any retry of it. A step that was
    taken as done at submission was so then.
    """

    __slots__ = ("begun", "by_step")

    def __init__(self, task: TaskTimes) -> None:
        begun, taken = task.started_us, []
        ends: dict[str, int] = {}
        for step in task.steps:
            ready = step.ready_us
            if ready is not None and (begun is None or ready < begun):
                begun = ready
            if step.state in SATISFYING:
                if step.ended_us is None:
                    taken.append(step.name)
                else:
                    ends[step.name] = step.ended_us
        self.begun = task.created_us if begun is None else begun
        for name in taken:
            ends[name] = self.begun
        self.by_step = ends

    def ready(self, recorded_us: int | None, needed: Iterable[str]) -> int | None:
        """Return when the latest attempt of a step could begin; None when that is not known.

        As it was recorded, but not before its dependencies were done: the record of a
        step that was ready when its process died says when the task began.
        """
        if recorded_us is None:
            return None
        for name in needed:
            ended = self.by_step.get(name)
            if ended is not None and ended > recorded_us:
                recorded_us = ended
        return recorded_us


def waits(dependencies: Dependencies, ends: Ends) -> Iterator[tuple[str, str, int]]:
    """Yield the waits of a task that are over: who waited, for whom, microseconds above 0."""
    ended = ends.by_step
    for dependent, needed in dependencies.waiting:
        last, latest, second = "", -1, -1
        for name in needed:
            at = ended.get(name)
            if at is None:
                break
            if at > latest or (at == latest and name > last):
                last, latest, second = name, at, latest
            elif at > second:
                second = at
        else:
            since = -1
            for name in dependencies.needed[last]:
                if ended.get(name, -1) > since:
                    since = ended[name]
            if since < 0:
                since = ends.begun
            since = max(since, second)
            if latest > since:
                yield dependent, last, latest - since
