"""Delivers what was read of the outbox: in order for each task, tasks beside each other."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import anyio
import msgspec
from anyio.abc import TaskGroup
from msgspec import Raw, Struct

from tasker.actors.protocols import Clock
from tasker.actors.workflow.retry import retry_delay
from tasker.cancellation import was_cancelled
from tasker.errors import PermanentError, SubscriptionGoneError
from tasker.events.event import Event
from tasker.events.handling import Failures, Handling
from tasker.events.known import decode_event
from tasker.events.patterns import Patterns
from tasker.events.policy import DeliveryPolicy
from tasker.events.window import Parcel, Window
from tasker.stores.outbox import DeadLetterRecord, OutboxEntry
from tasker.stores.records import ErrorRecord
from tasker.telemetry.engine_log import logger


class Address(Struct, frozen=True):
    """Who delivers what to whom, and by what rules."""

    subscription: str
    owner: str
    patterns: Patterns
    handling: Handling
    policy: DeliveryPolicy
    failures: Failures


class Tally(Struct):
    """Counts over all sessions of a subscription in this process."""

    received: int = 0
    delivered: int = 0
    dead_lettered: int = 0


class _Head(Struct):
    """What is looked at before an event is decoded."""

    name: str
    event_id: str


_raws = msgspec.json.Decoder(list[Raw]).decode
_head = msgspec.json.Decoder(_Head).decode


class Lanes:
    """The deliveries of one session, as many tasks at once as its policy allows.

    Args:
        address: Whose they are.
        cursor: The position up to which everything is done with.
        clock: The time.
        tally: Counts on.
        on_change: Called when something is worth a look: there is room again, or nothing
            is left, or only what waits to be tried again, or something was given up.
    """

    def __init__(
        self,
        address: Address,
        cursor: int,
        *,
        clock: Clock,
        tally: Tally,
        on_change: Callable[[], None],
    ) -> None:
        self.window = Window(cursor)
        self.dead: list[DeadLetterRecord] = []
        """Events that were given up, until the session has recorded them."""
        self.gone: str | None = None
        """Why the subscriber wants nothing more, None while it does."""
        self._address = address
        self._clock = clock
        self._tally = tally
        self._on_change = on_change
        self._group: TaskGroup | None = None
        self._ready: deque[str] = deque()
        self._work = anyio.Semaphore(0, fast_acquire=True)
        self._progress: dict[str, tuple[int, int]] = {}
        self._backing_off = 0

    def start(self, group: TaskGroup) -> None:
        """Begin to deliver what is taken, in a task group of the session."""
        self._group = group
        for _ in range(self._address.policy.concurrency):
            group.start_soon(self._worker)

    def __bool__(self) -> bool:
        """Whether anything is not done with."""
        return len(self.window) > 0

    @property
    def room(self) -> int:
        """How many entries may be taken."""
        return self._address.policy.window - len(self.window)

    @property
    def busy(self) -> bool:
        """Whether there is more than what waits to be tried again."""
        return self.window.tasks > self._backing_off

    def take(self, entry: OutboxEntry) -> None:
        """Deliver what is wanted of an entry, after what its task told before."""
        wanted = tuple(raw for raw in _raws(entry.events) if self._wants(raw, entry))
        self._tally.received += len(wanted)
        if self.window.add(Parcel(entry.position, entry.task_id, wanted)):
            self._queue(entry.task_id)

    def _wants(self, raw: Raw, entry: OutboxEntry) -> bool:
        # What was dead is delivered again even if its name is no longer asked for.
        return entry.subscription is not None or self._address.patterns.match(_head(raw).name)

    def _queue(self, task_id: str) -> None:
        self._ready.append(task_id)
        self._work.release()

    async def _worker(self) -> None:
        """Deliver what is ready, one task after another."""
        while True:
            await self._work.acquire()
            try:
                await self._lane(self._ready.popleft())
            except SubscriptionGoneError as gone:
                self.gone = str(gone)
                self._on_change()

    async def _lane(self, task_id: str) -> None:
        """Deliver what one task tells, in order, until nothing is left or something fails."""
        while (parcel := self.window.next(task_id)) is not None:
            done, attempts = self._progress.pop(task_id, (0, 0))
            for index in range(done, len(parcel.events)):
                wait = await self._deliver(parcel, parcel.events[index], attempts + 1)
                if wait is not None:
                    self._progress[task_id] = (index, attempts + 1)
                    self._try_again(task_id, wait)
                    return
                attempts = 0
            self.window.done(parcel)
            if self.room == self._address.policy.window // 2:
                self._on_change()
        if not self.busy:
            self._on_change()

    def _try_again(self, task_id: str, seconds: float) -> None:
        """Go on with a task after a wait, in which others have its place."""

        async def wait() -> None:
            await self._clock.sleep(seconds)
            self._backing_off -= 1
            self._queue(task_id)

        assert self._group is not None
        self._backing_off += 1
        self._group.start_soon(wait)
        if not self.busy:
            self._on_change()

    async def _deliver(self, parcel: Parcel, raw: Raw, attempt: int) -> float | None:
        """Have one event handled; return after how many seconds to try again, None for never."""
        head = _head(raw)
        try:
            event = decode_event(raw)
        except msgspec.ValidationError as error:
            self._give_up(parcel, raw, head, 0, f"it cannot be read: {error}")
            return None
        failure = await self._attempt(event)
        if failure is None:
            self._tally.delivered += 1
            return None
        if isinstance(failure, SubscriptionGoneError):
            raise failure
        self._address.failures.add(head, failure)
        spent = attempt >= self._address.policy.max_attempts
        if spent or isinstance(failure, PermanentError):
            self._give_up(parcel, raw, head, attempt, self._address.failures.last or "")
            return None
        return self._backoff(failure, attempt, head.event_id)

    async def _attempt(self, event: Event) -> BaseException | None:
        try:
            await self._address.handling.handle(event)
        except (Exception, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and was_cancelled():
                raise
            return error
        return None

    def _backoff(self, failure: BaseException, failures: int, event_id: str) -> float:
        asked = getattr(failure, "retry_after", None)
        return retry_delay(
            self._address.policy.backoff,
            ErrorRecord(error_class="", message="", retry_after=asked),
            failures=failures,
            seed=f"{self._address.subscription}/{event_id}/{failures}",
        )

    def _give_up(self, parcel: Parcel, raw: Raw, head: _Head, attempts: int, error: str) -> None:
        """Make an event a dead letter."""
        logger.error(
            "subscription %s gave up event %s after %d attempts: %s",
            self._address.subscription,
            head.event_id,
            attempts,
            error,
        )
        self._tally.dead_lettered += 1
        self.dead.append(
            DeadLetterRecord(
                subscription=self._address.subscription,
                event_id=head.event_id,
                task_id=parcel.task_id,
                event=raw,
                attempts=attempts,
                error=error,
                at=self._clock.now(),
            )
        )
        self._on_change()
