"""Reading a store for its figures, page by page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import anyio.to_thread
import msgspec
from msgspec.structs import replace

from tasker.actors.protocols import Clock
from tasker.actors.workflow.states import AT_REST
from tasker.definitions.definition import Definition
from tasker.definitions.graph import dependencies_of
from tasker.errors import InvalidRequestError
from tasker.ids import first_id_at
from tasker.reading import TaskQuery
from tasker.statistics.activity import ActivityTally
from tasker.statistics.blocking import Dependencies
from tasker.statistics.durations import seconds
from tasker.statistics.figures import Activity, Performance, Period, Statistics, TaskRun
from tasker.statistics.tally import DefinitionKey, SlowTask, Tally
from tasker.statistics.telling import HOUR_SECONDS, instant_of, statistics_of
from tasker.statistics.window import WindowTally
from tasker.stores.protocols import Store
from tasker.stores.records import StepState, TaskFilter, TaskState
from tasker.stores.times import TaskTimes, microseconds

MOST = 1_000
WINDOW_HOURS = (1.0, 4.0, 24.0)
CLOCK_SET_BACK_SECONDS = 3_600.0
"""How far a clock may have been set back while its process ran.

Ids go on from where the clock was, so tasks created after that carry ids of later.
"""
PAGE = 500
"""Tasks that are read and counted at once, at most."""


class StatisticsReading:
    """Figures of what is recorded; see `Statistics` and `Performance`.

    A period is found by the ids of tasks, which are in order of time: what is
    outside is not looked at, and no index has to be written for it. Counting happens
    in a worker thread, a page at a time.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def statistics(self, where: TaskQuery, *, top: int) -> Statistics:
        """Return the figures of the tasks that match; raises `InvalidRequestError`."""
        if not 1 <= top <= MOST:
            raise InvalidRequestError(f"top is {top}; it must be 1 to {MOST}")
        asked = where.to_filter()
        since, until = asked.created_from, asked.created_until
        if since is not None and until is not None and since >= until:
            raise InvalidRequestError(
                f"the period from {where.created_from} to {where.created_until} is empty; "
                "created_from must be before created_until"
            )
        now = self._clock.now()
        ends = now if until is None else until
        tally = Tally(microseconds(ends), top)
        known: dict[str, Dependencies] = {}
        async for tasks in self._pages(asked):
            for task in tasks:
                if task.definition_hash not in known:
                    known[task.definition_hash] = await self._dependencies(task.definition_hash)
            await anyio.to_thread.run_sync(tally.add, tasks, known)
        period = _period(tally.oldest_us if since is None else microseconds(since), ends, now)
        told = await anyio.to_thread.run_sync(
            lambda: statistics_of(tally, period, now=instant_of(microseconds(now)), top=top)
        )
        slowest = [await self._task_run(found) for found in tally.slowest_tasks.items()]
        return replace(told, slowest_tasks=tuple(slowest))

    async def performance(self, where: TaskQuery) -> Performance:
        """Return how it goes now and went in the last hour, four hours and day."""
        asked = where.to_filter()
        now = self._clock.now()
        windows = [WindowTally(hours, microseconds(now)) for hours in WINDOW_HOURS]
        definitions: set[DefinitionKey] = set()

        def add(tasks: tuple[TaskTimes, ...]) -> None:
            definitions.update((task.namespace, task.name, task.version) for task in tasks)
            for window in windows:
                window.add(tasks)

        day = replace(asked, created_from=now - max(WINDOW_HOURS) * HOUR_SECONDS)
        async for tasks in self._pages(replace(day, created_until=None)):
            await anyio.to_thread.run_sync(add, tasks)
        active = replace(
            asked,
            states=tuple(state for state in TaskState if state not in AT_REST),
            created_from=None,
            created_until=None,
        )
        complete, failed = (
            windows[0].states[state] for state in (TaskState.COMPLETE, TaskState.ERROR)
        )
        return Performance(
            generated_at=instant_of(microseconds(now)),
            active_tasks=sum((await self._store.count_tasks(active)).values()),
            namespaces=len(await self._store.namespaces()),
            definitions=len(definitions),
            health_score=complete / (complete + failed) if complete + failed else 1.0,
            windows=tuple(window.window() for window in windows),
        )

    async def activity(self, where: TaskQuery, *, hours: float, slices: int) -> Activity:
        """Return what was created and came to rest lately; raises `InvalidRequestError`."""
        if not 1 <= slices <= MOST:
            raise InvalidRequestError(f"slices is {slices}; it must be 1 to {MOST}")
        if not hours > 0:
            raise InvalidRequestError(f"hours is {hours}; it must be greater than 0")
        now = self._clock.now()
        tally = ActivityTally(hours, slices, microseconds(now))
        asked = replace(
            where.to_filter(), created_from=now - hours * HOUR_SECONDS, created_until=None
        )
        async for tasks in self._pages(asked):
            await anyio.to_thread.run_sync(tally.add, tasks)
        return tally.activity()

    async def _pages(self, where: TaskFilter) -> AsyncIterator[tuple[TaskTimes, ...]]:
        cursor, before = "", None
        if where.created_from is not None:
            cursor = first_id_at(where.created_from - CLOCK_SET_BACK_SECONDS)
        if where.created_until is not None:
            before = first_id_at(where.created_until + CLOCK_SET_BACK_SECONDS)
        while True:
            page = await self._store.task_times(where, after=cursor, before=before, limit=PAGE)
            if page.tasks:
                yield page.tasks
            if page.next_cursor is None:
                return
            cursor = page.next_cursor

    async def _dependencies(self, hash: str) -> Dependencies:
        record = await self._store.get_definition(hash)
        if record is None:
            return Dependencies({})
        return Dependencies(dependencies_of(msgspec.json.decode(record.body, type=Definition)))

    async def _task_run(self, found: SlowTask) -> TaskRun:
        """Return a task among the slowest, with what a page of times leaves out."""
        task, snapshot = found.task, await self._store.get_task(found.task.task_id)
        created, started, ended = task.created_us, task.started_us or 0, task.ended_us or 0
        states = [step.state for step in task.steps]
        return TaskRun(
            task_id=task.task_id,
            namespace=task.namespace,
            name=task.name,
            version=task.version,
            state=task.state,
            run_seconds=seconds(max(0, ended - started)),
            total_seconds=seconds(max(0, ended - created)),
            steps=found.steps,
            completed_steps=states.count(StepState.COMPLETE),
            error_steps=states.count(StepState.ERROR),
            attempts=sum(step.attempts for step in task.steps),
            created_at=instant_of(created),
            started_at=instant_of(started),
            ended_at=instant_of(ended),
            initiator="unknown" if snapshot is None else snapshot.task.initiator,
            source_system="unknown" if snapshot is None else snapshot.task.source_system,
        )


def _period(since_us: int | None, ends: float, now: float) -> Period:
    """Return the period; what of it is still to come does not count as time."""
    until_us = microseconds(ends)
    lasted_us = 0 if since_us is None else min(until_us, microseconds(now)) - since_us
    return Period(
        since=None if since_us is None else instant_of(since_us),
        until=instant_of(until_us),
        seconds=timedelta(microseconds=max(0, lasted_us)) / timedelta(seconds=1),
    )
