"""Step actors: each runs one attempt at a time and always says how it ended."""

from __future__ import annotations

import itertools
from collections import deque
from contextlib import suppress
from functools import partial

import anyio

from tasker.actors.actor import Actor
from tasker.actors.errors import ActorStoppedError
from tasker.actors.permits import Permits
from tasker.actors.protocols import AttemptOrder, Clock, Runner
from tasker.actors.ref import ActorRef
from tasker.actors.supervisor import Supervisor
from tasker.actors.timers import Timers
from tasker.actors.workflow.messages import AttemptEnded
from tasker.actors.workflow.outcome import AttemptFailed, attempt_lost, attempt_timed_out

Key = tuple[str, int, int]
Job = tuple[AttemptOrder, ActorRef]


class StepActor(Actor):
    """Takes orders from the pool, one after the other.

    Cancelling an attempt ends the actor; the pool starts another when it needs
    one. So an attempt that nobody cancels costs no cancel scope.
    """

    mailbox_capacity = 1

    def __init__(self, name: str, pool: StepPool) -> None:
        super().__init__(name)
        self._pool = pool
        self.verdict: AttemptFailed = attempt_lost("cancelled")

    async def run(self) -> None:
        """Run attempts until cancelled, or until the pool has idle actors enough."""
        pool = self._pool
        while True:
            job = await pool.next_job()
            if job is None:
                return
            await self._attempt(*job)
            if self.stopping:
                return

    async def _attempt(self, order: AttemptOrder, supervisor: ActorRef) -> None:
        pool, step = self._pool, order.step
        key = (order.state.task.task_id, step.index, order.attempt)
        pool.running[key] = self
        timer = None
        if step.timeout_seconds is not None:
            timer = pool.timers.at(
                pool.clock.now() + step.timeout_seconds,
                partial(pool.stop, key, attempt_timed_out(step.timeout_seconds)),
            )
        ended: AttemptEnded | None = None
        try:
            result = await pool.runner.run(order)
            ended = AttemptEnded(step.index, order.attempt, result)
        except Exception as error:
            self.verdict = attempt_lost(f"its actor failed: {error!r}")
            raise
        finally:
            del pool.running[key]
            if timer is not None:
                timer.cancel()
            pool.permits.release(step)
            if ended is None:
                ended = AttemptEnded(step.index, order.attempt, self.verdict)
            await _tell(supervisor, ended)


async def _tell(supervisor: ActorRef, ended: AttemptEnded) -> None:
    # Shielded: the supervisor must hear of the attempt even when it was cancelled.
    with anyio.CancelScope(shield=True):
        # Stopped: the task has ended or moved away, and nobody waits for this attempt.
        with suppress(ActorStoppedError):
            await supervisor.tell(ended)


class _Seat:
    """Where an idle actor waits for its next order."""

    __slots__ = ("job", "taken")

    def __init__(self) -> None:
        self.job: Job | None = None
        self.taken = anyio.Event()


class StepPool:
    """Step actors, started as they are needed and kept while they are idle.

    Whoever gives an order holds a permit for it, which the pool gives back. So
    the permits bound the pool.
    """

    def __init__(
        self,
        branch: Supervisor,
        *,
        runner: Runner,
        permits: Permits,
        timers: Timers,
        clock: Clock,
        most_idle: int = 256,
    ) -> None:
        self.runner = runner
        self.permits = permits
        self.timers = timers
        self.clock = clock
        self.running: dict[Key, StepActor] = {}
        self._branch = branch
        self._most_idle = most_idle
        self._names = itertools.count(1)
        self._jobs: deque[Job] = deque()
        self._idle: list[_Seat] = []

    def start(self, order: AttemptOrder, supervisor: ActorRef) -> None:
        """Have an attempt run; its supervisor is told how it ended."""
        job = (order, supervisor)
        if self._idle:
            seat = self._idle.pop()
            seat.job = job
            seat.taken.set()
        else:
            self._jobs.append(job)
            self._branch.adopt(StepActor(f"step-{next(self._names)}", self))

    def stop(self, key: Key, verdict: AttemptFailed | None = None) -> None:
        """Cancel an attempt that runs; ``verdict`` is the outcome that it reports."""
        actor = self.running.get(key)
        if actor is not None:
            # It takes no other order, even if this attempt ends before it is cancelled.
            actor.stop()
            if verdict is not None:
                actor.verdict = verdict
            self._branch.cancel(actor.name)

    def stop_task(self, task_id: str) -> None:
        """Cancel every attempt of a task."""
        for key in [key for key in self.running if key[0] == task_id]:
            self.stop(key)

    async def next_job(self) -> Job | None:
        """Return the next order; None tells an idle actor that it is one too many."""
        if self._jobs:
            return self._jobs.popleft()
        if len(self._idle) >= self._most_idle:
            return None
        seat = _Seat()
        self._idle.append(seat)
        try:
            await seat.taken.wait()
        finally:
            if seat.job is None:
                self._idle.remove(seat)
        return seat.job

    def close(self) -> None:
        """Give up the orders that nobody has begun."""
        self._jobs.clear()
