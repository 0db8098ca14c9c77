"""Step actors: each runs one attempt, and always says how it ended."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

import anyio

from tasker.actors.actor import Supervised
from tasker.actors.errors import ActorStoppedError, MailboxFullError
from tasker.actors.permits import Permits
from tasker.actors.protocols import AttemptOrder, Clock, Runner
from tasker.actors.ref import ActorRef
from tasker.actors.supervisor import Supervisor
from tasker.actors.timers import Timer, Timers
from tasker.actors.workflow.messages import AttemptEnded
from tasker.actors.workflow.outcome import (
    AttemptFailed,
    AttemptResult,
    attempt_lost,
    attempt_timed_out,
)

Key = tuple[str, int, int]
"""An attempt: task id, index of the step, number of the attempt."""

CANCELLED = attempt_lost("cancelled")
GRACE_SECONDS = 5.0
"""How long a handler that was cancelled may take to clean up."""


class StepActor(Supervised):
    """Runs one attempt and sends one message back, whatever happens.

    It takes no messages: to cancel the attempt is to cancel the actor. Its
    supervisor runs it in a coroutine that it keeps for the next one.
    """

    __slots__ = ("_grace", "_key", "_pool", "_supervisor", "_timer", "order", "result")

    cancelled_once = True

    def __init__(self, key: Key, order: AttemptOrder, supervisor: ActorRef, pool: StepPool) -> None:
        self.result: AttemptResult = CANCELLED
        self._key = key
        self.order = order
        self._supervisor = supervisor
        self._pool = pool
        self._timer: Timer | None = None
        self._grace: Timer | None = None

    @property
    def name(self) -> str:
        """What the tree and errors call it: made up when one of them asks."""
        task_id, _, attempt = self._key
        return f"step-{task_id}-{self.order.step.name}-{attempt}"

    async def run(self) -> None:
        """Run the attempt, for no longer than its timeout."""
        pool, seconds = self._pool, self.order.step.timeout_seconds
        if seconds is not None:
            verdict = attempt_timed_out(seconds)
            self._timer = pool.timers.at(
                pool.clock.now() + seconds, partial(pool.stop, self._key, verdict)
            )
        try:
            self.result = await pool.runner.run(self.order)
        except Exception as error:
            self.result = attempt_lost(f"its actor failed: {error!r}")
            raise

    def stop(self, verdict: AttemptFailed) -> None:
        """Have the attempt cancelled, and forced when it has not ended after a while."""
        self.result = verdict
        if self._grace is None:
            at = self._pool.clock.now() + GRACE_SECONDS
            self._grace = self._pool.timers.at(at, self.force)

    def force(self) -> None:
        """Have the handler given up, whatever it does with a cancellation."""
        self.order.cancellation.forced = True
        self._pool.cancel(self)

    def close(self) -> None:
        """Give the permit back and tell the task's supervisor how the attempt ended."""
        for timer in (self._timer, self._grace):
            if timer is not None:
                timer.cancel()
        self._pool.ended(self._key, self.order)
        ended = AttemptEnded(self.order.step.index, self.order.attempt, self.result)
        try:
            self._supervisor.tell_nowait(ended)
        except MailboxFullError:
            self._pool.tell_later(self._supervisor, ended)
        except ActorStoppedError:
            pass  # The task has ended or moved away: nobody waits for this attempt.


class _Courier(Supervised):
    """Brings one message to a mailbox that is full."""

    def __init__(self, to: ActorRef, message: AttemptEnded) -> None:
        super().__init__(f"courier-{to.name}-{message.step}-{message.attempt}")
        self._to = to
        self._message = message

    async def run(self) -> None:
        """Wait for room."""
        with suppress(ActorStoppedError):  # as above
            await self._to.tell(self._message)


class StepPool:
    """Starts step actors, and stops them.

    Whoever starts an attempt holds a permit for it, which is given back when it
    has ended. So the permits bound the pool.
    """

    def __init__(
        self,
        branch: Supervisor,
        *,
        runner: Runner,
        permits: Permits,
        timers: Timers,
        clock: Clock,
    ) -> None:
        self.runner = runner
        self.timers = timers
        self.clock = clock
        self._permits = permits
        self._branch = branch
        self._running: dict[Key, StepActor] = {}
        self._idle = anyio.Event()

    def __len__(self) -> int:
        return len(self._running)

    def running(self) -> list[AttemptOrder]:
        """Return the attempts that run, the oldest first."""
        return [actor.order for actor in self._running.values()]

    def start(self, order: AttemptOrder, supervisor: ActorRef) -> None:
        """Have an attempt run; its supervisor is told how it ended."""
        key = (order.state.task.task_id, order.step.index, order.attempt)
        actor = self._running[key] = StepActor(key, order, supervisor, self)
        self._branch.launch(actor)

    def stop(self, key: Key, verdict: AttemptFailed = CANCELLED) -> None:
        """Cancel an attempt, if it runs; ``verdict`` is the outcome that it reports."""
        actor = self._running.get(key)
        if actor is not None:
            actor.stop(verdict)
            self.cancel(actor)

    def cancel(self, actor: StepActor) -> None:
        """Cancel an attempt's actor; called by itself."""
        self._branch.cancel(actor)

    def force_all(self) -> None:
        """Give up every attempt that still runs: the engine closes."""
        for actor in list(self._running.values()):
            actor.force()

    def stop_task(self, task_id: str) -> None:
        """Cancel every attempt of a task."""
        for key in [key for key in self._running if key[0] == task_id]:
            self.stop(key)

    def ended(self, key: Key, order: AttemptOrder) -> None:
        """Forget an attempt, and give its permit back; called by its actor."""
        del self._running[key]
        self._permits.release(order.step)
        if not self._running:
            self._idle.set()

    async def idle(self) -> None:
        """Return once no attempt runs."""
        while self._running:
            self._idle = anyio.Event()
            await self._idle.wait()

    def tell_later(self, supervisor: ActorRef, ended: AttemptEnded) -> None:
        """Bring a message to a mailbox that is full; called by step actors."""
        self._branch.launch(_Courier(supervisor, ended))
