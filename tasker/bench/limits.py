"""What limits an engine: the loop, the store, permits, or the handlers."""

from __future__ import annotations

import time
from enum import StrEnum
from types import TracebackType
from typing import Self

import anyio
from msgspec import Struct

from tasker.actors.protocols import AttemptOrder
from tasker.actors.workflow.outcome import AttemptResult
from tasker.bench.sampler import Sampler
from tasker.bench.timed_store import TimedStore
from tasker.engine import Engine

LOOK_SECONDS = 0.02
FULL = 0.85
"""Share of the time from which on something counts as busy all the time."""
OFTEN = 0.5


class Limit(StrEnum):
    """What there is no more of."""

    LOOP = "loop"
    STORE = "store"
    PERMITS = "permits"
    HANDLER = "handler"


class Observation(Struct, frozen=True, kw_only=True):
    """How busy the parts were while the load ran. Shares are of the time, 0 to 1.

    Attributes:
        loop_busy: The event loop had something to do.
        handler_share: Of that, what went by inside handlers.
        store_busy: A commit was under way, the wait for the loop to see it end included.
        in_handlers: Time inside attempts, over that of the tasks in flight: near 1, a
            task spends its time in its steps; near 0, it waits for the engine.
        permits_short: Steps waited for a permit.
        permits_limit: ``max_concurrent_steps``.
        threads_busy: Worker threads inside a handler, on average.
        threads_limit: ``max_worker_threads``.
    """

    loop_busy: float
    handler_share: float
    store_busy: float
    in_handlers: float
    permits_short: float
    permits_limit: int
    threads_busy: float
    threads_limit: int
    commits_per_second: float
    appends_per_commit: float


class Evidence(Struct, frozen=True, kw_only=True):
    """The verdict, in one word and in one sentence, and the figures behind it."""

    limit: Limit
    sentence: str
    lines: tuple[str, ...]


class Watch:
    """Observes an engine between entering and leaving it."""

    def __init__(self, engine: Engine, store: TimedStore, in_flight: int) -> None:
        self._engine = engine
        self._store = store
        self._sampler = Sampler()
        self._group = anyio.create_task_group()
        self._in_flight = in_flight
        self._looks = self._short = 0
        self._inside = 0.0
        self._began = self._cpu = 0.0
        self._before = (0, 0, 0.0)

    async def __aenter__(self) -> Self:
        store = self._store
        self._before = (store.commits, store.appends, store.busy_seconds)
        self._began, self._cpu = time.perf_counter(), time.thread_time()
        self._sampler.__enter__()
        self._time_attempts()
        await self._group.__aenter__()
        self._group.start_soon(self._look)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        self._began = time.perf_counter() - self._began
        self._cpu = time.thread_time() - self._cpu
        self._sampler.__exit__(None, None, None)
        del self._engine._runner.run
        self._group.cancel_scope.cancel()
        return await self._group.__aexit__(kind, error, traceback)

    def observation(self) -> Observation:
        """Return what was seen; call it after leaving."""
        store, sampler, seconds = self._store, self._sampler, self._began
        commits, appends, busy = self._before
        worked = sampler.share("engine") + sampler.share("handler")
        return Observation(
            loop_busy=min(1.0, max(self._cpu / seconds, worked)),
            handler_share=sampler.share("handler") / worked if worked else 0.0,
            store_busy=min(1.0, (store.busy_seconds - busy) / seconds),
            in_handlers=min(1.0, self._inside / seconds / self._in_flight),
            permits_short=self._short / max(1, self._looks),
            permits_limit=self._engine.config.max_concurrent_steps,
            threads_busy=sampler.threads_busy,
            threads_limit=self._engine.config.max_worker_threads,
            commits_per_second=(store.commits - commits) / seconds,
            appends_per_commit=(store.appends - appends) / max(1, store.commits - commits),
        )

    async def _look(self) -> None:
        while True:
            await anyio.sleep(LOOK_SECONDS)
            self._looks += 1
            self._short += self._engine.health().permits.waiting > 0

    def _time_attempts(self) -> None:
        """Put a stopwatch before the engine's runner, until leaving."""
        runner = self._engine._runner
        run = runner.run

        async def timed(order: AttemptOrder) -> AttemptResult:
            began = time.perf_counter()
            try:
                return await run(order)
            finally:
                self._inside += time.perf_counter() - began

        runner.run = timed  # type: ignore[method-assign]


def judge(seen: Observation) -> Evidence:
    """Return what limits an engine that was observed at its best concurrency.

    In this order: a full loop makes everything else look slow; steps that wait for
    a permit or a thread could run if they were let; then the store; then the two
    that take turns. When none of them is short, time goes by in what the handlers
    wait for.
    """
    limit, sentence = _verdict(seen)
    return Evidence(limit=limit, sentence=sentence, lines=_lines(seen))


def _verdict(seen: Observation) -> tuple[Limit, str]:
    if seen.loop_busy >= FULL:
        return _loop(seen)
    if seen.permits_short >= OFTEN:
        return Limit.PERMITS, (
            f"Permits limit it: steps waited for one {seen.permits_short:.0%} of the time; raise "
            f"max_concurrent_steps ({seen.permits_limit}), or the limit of the system that the "
            "steps depend on."
        )
    if seen.threads_busy >= FULL * seen.threads_limit:
        return Limit.PERMITS, (
            f"Worker threads limit it: {seen.threads_busy:.0f} of {seen.threads_limit} were in a "
            "handler; raise max_worker_threads, or make the handlers async."
        )
    if seen.store_busy >= FULL:
        return Limit.STORE, (
            f"The store limits it: a commit was under way {seen.store_busy:.0%} of the time; a "
            "faster disk, or more tasks in flight to share each commit, would do more."
        )
    if seen.loop_busy + seen.store_busy >= FULL or seen.in_handlers < OFTEN:
        return _taking_turns(seen)
    return Limit.HANDLER, (
        f"Your handlers limit it: the event loop was busy {seen.loop_busy:.0%} of the time and "
        f"the store {seen.store_busy:.0%}, so it goes by in what the steps wait for; more tasks "
        "in flight would do more."
    )


def _loop(seen: Observation) -> tuple[Limit, str]:
    busy = f"busy {seen.loop_busy:.0%} of the time"
    if seen.handler_share > OFTEN:
        return Limit.HANDLER, (
            f"Your handlers limit it: the event loop was {busy}, {seen.handler_share:.0%} of that "
            "in them; give the ones that compute `executor: process`, or make them cheaper."
        )
    return Limit.LOOP, (
        f"The event loop limits it: it was {busy}, {1 - seen.handler_share:.0%} of that in the "
        "engine; a second process, or fewer and larger steps, would do more."
    )


def _taking_turns(seen: Observation) -> tuple[Limit, str]:
    """Neither is full, but each waits for the other: the slower of the two decides."""
    if seen.loop_busy >= seen.store_busy:
        return _loop(seen)
    return Limit.STORE, (
        f"The store limits it: a commit was under way {seen.store_busy:.0%} of the time, and the "
        f"event loop ({seen.loop_busy:.0%} busy) took turns with it; a faster disk, or more tasks "
        "in flight to share each commit, would do more."
    )


def _lines(seen: Observation) -> tuple[str, ...]:
    return (
        f"event loop   busy {seen.loop_busy:.0%}, {seen.handler_share:.0%} of that in handlers",
        f"store        busy {seen.store_busy:.0%}, {seen.commits_per_second:.0f} commits/s, "
        f"{seen.appends_per_commit:.1f} appends in each",
        f"steps        {seen.in_handlers:.0%} of a task's time is spent in them",
        f"permits      short {seen.permits_short:.0%} of the time, limit {seen.permits_limit}",
        f"threads      {seen.threads_busy:.1f} of {seen.threads_limit} in a handler",
    )
