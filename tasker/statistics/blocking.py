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

from collections.abc import Collection, Iterator, Mapping

from tasker.actors.workflow.states import SATISFYING
from tasker.stores.times import StepTimes, TaskTimes

Dependencies = Mapping[str, Collection[str]]
"""The steps that each step of a definition depends on, each once."""


def ends_of(task: TaskTimes) -> dict[str, int]:
    """Return when each step that is done satisfied its dependents.

    One that was taken as done at submission was so when work began.
    """
    begun = _begun(task)
    return {
        step.name: begun if step.ended_us is None else step.ended_us
        for step in task.steps
        if step.state in SATISFYING
    }


def ready_us(step: StepTimes, needed: Collection[str], ends: Mapping[str, int]) -> int | None:
    """Return when the latest attempt of a step could begin; None when that is not known.

    As it was recorded, but not before its dependencies were done: the record of a
    step that was ready when its process died says when the task began.
    """
    ready = step.ready_us
    if ready is None:
        return None
    for name in needed:
        ended = ends.get(name)
        if ended is not None and ended > ready:
            ready = ended
    return ready


def waits(
    task: TaskTimes, dependencies: Dependencies, ends: Mapping[str, int]
) -> Iterator[tuple[str, str, int]]:
    """Yield the waits of a task that are over: who waited, for whom, microseconds above 0."""
    begun = _begun(task)
    for dependent, needed in dependencies.items():
        if not needed or any(name not in ends for name in needed):
            continue
        last = max(needed, key=lambda name: (ends[name], name))
        since = max(
            (ends[name] for name in dependencies.get(last, ()) if name in ends), default=begun
        )
        for name in needed:
            if name != last and ends[name] > since:
                since = ends[name]
        if ends[last] > since:
            yield dependent, last, ends[last] - since


def _begun(task: TaskTimes) -> int:
    """Return when work on a task began, before any retry of it."""
    known = [step.ready_us for step in task.steps if step.ready_us is not None]
    if task.started_us is not None:
        known.append(task.started_us)
    return min(known, default=task.created_us)
