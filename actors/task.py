"""The task supervisor: message, decision, append, effects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import anyio
import msgspec
from msgspec import Raw

from tasker.actors.actor import Actor
from tasker.actors.batch import Batch
from tasker.actors.claims import Claims
from tasker.actors.context import TaskContext
from tasker.actors.envelope import Envelope
from tasker.actors.errors import ActorStoppedError, MailboxFullError
from tasker.actors.new_task import NewTask
from tasker.actors.protocols import AttemptOrder
from tasker.actors.timers import Timer
from tasker.actors.workflow.advance import advance, next_wake
from tasker.actors.workflow.decision import Decision
from tasker.actors.workflow.errors import TaskChangedError
from tasker.actors.workflow.messages import AttemptEnded, StartSteps, TakeUp, Wake
from tasker.actors.workflow.outcome import AttemptFailed
from tasker.actors.workflow.state import WorkflowState
from tasker.actors.workflow.states import AT_REST
from tasker.stores.errors import (
    AppendConflictError,
    EncodingError,
    LeaseLostError,
    StaleLeaseError,
    StoreError,
    TaskerError,
)
from tasker.stores.records import (
    Append,
    ErrorRecord,
    TaskSnapshot,
    TaskState,
    Transition,
)

READ_AGAIN_SECONDS = 0.1
"""Wait before a task is read again from a store that failed."""


class Nudge:
    """Look again: a timer has come, a permit was granted, or the engine drains."""


NUDGE = Nudge()


class _Recording:
    """A batch on its way into the journal, and the messages that it was made from."""

    __slots__ = ("append", "batch", "messages")

    def __init__(self, batch: Batch, append: Append, messages: Sequence[Any]) -> None:
        self.batch = batch
        self.append = append
        self.messages = messages


class TaskSupervisor(Actor):
    """The only writer of one task.

    It takes all messages that wait, decides each, and makes the whole durable in
    one append; only then do attempts start, askers get their answer and others
    hear of it. What comes meanwhile is decided next. A task with nothing to do
    but wait is let go of: its wake time is in the store.

    The journal tells by a call, not by a message: what follows from an append
    follows in the journal's own turn, and the supervisor wakes for messages alone.
    """

    __slots__ = (
        "_capacity",
        "_claims",
        "_closed",
        "_context",
        "_created",
        "_failure",
        "_held",
        "_nudged",
        "_recording",
        "_timer",
        "_told",
        "_work",
        "state",
    )

    batch_limit = 256
    # A cancel scope would be a tenth of what a live task holds in memory.
    cancelled_once = True

    def __init__(self, state: WorkflowState, context: TaskContext) -> None:
        self._capacity = 64 + len(state.plan.steps)
        super().__init__(f"task-{state.task.task_id}", capacity=self._capacity)
        self.state = state
        self._context = context
        self._claims = Claims(context.permits, state.plan.steps)
        self._timer: Timer | None = None
        self._work: list[Sequence[Any]] = []
        self._held: list[Any] = []
        self._recording: _Recording | None = None
        self._failure: Exception | None = None
        self._told: anyio.Event | None = None
        self._nudged = False
        self._created = False
        self._closed = False

    async def create(self, new: NewTask, created: Callable[[Exception | None], None]) -> None:
        """Append a new task, and the first attempts of its roots; returns once it is queued.

        ``created`` is called when the append is durable, before anything follows
        from it: it has to start this supervisor. Or it is called with what the
        journal raised, after which the supervisor must not be started.
        """
        now = self._context.clock.now()
        batch = Batch(now)
        for record in new.steps:
            index = self.state.plan.index[record.name]
            batch.steps[index] = record
            batch.recorded.add(index)
        batch.actions.extend(new.actions)
        batch.transitions.append(Transition(from_state=None, to_state=TaskState.PENDING))
        self._take(advance(self.state, TakeUp(), now), batch)
        await self._prepare(batch, now)
        append = batch.to_append(
            self.state,
            created=self.state.task,
            identity_expires_before=new.identity_expires_before,
            outgoing=self._outgoing(batch),
        )

        def done(outcome: Exception | None) -> None:
            if outcome is None:
                self._created = True
                self.state.seq = append.seq
                created(None)
                self._act(batch)
            else:
                self._give_back(batch)
                self.close()
                created(outcome)

        try:
            await self._context.journal.enqueue(append, done)
        except BaseException:
            self._give_back(batch)
            self.close()
            raise

    async def setup(self) -> None:
        """Take up a task that was loaded; one that was created is under way."""
        if not self._created:
            self._context.observer.taken_up(self.state, self._context.clock.now())
            # With what waits already: a task at rest is let go of again, and an
            # operation that had it loaded would for ever come too late.
            waiting = self.mailbox.get_batch_nowait(self.batch_limit)
            await self.receive_batch([TakeUp(interrupted="its process ended"), *waiting])

    def nudge(self) -> None:
        """Have the supervisor look again."""
        # Full: messages wait that wake it. Stopped: nothing is left to do.
        with suppress(MailboxFullError, ActorStoppedError):
            self.ref.tell_nowait(NUDGE)

    async def receive_batch(self, messages: Sequence[Any]) -> None:
        """Handle all that was waiting with one append, after the one that is under way."""
        for message in messages:
            if message is NUDGE:
                self._nudged = True
            else:
                self._held.append(message)
        if len(self._held) > self._capacity:
            await self._until_recorded()
        if self._context.observer.congested:
            await self._context.observer.room(self.state.task.task_id)
        while True:
            if self._failure is not None:
                await self._recover()
            elif self.stopping or self._recording is not None:
                return
            elif self._work:
                await self._handle(self._work.pop(0))
            elif self._held or self._nudged:
                messages, self._held, self._nudged = self._held, [], False
                await self._handle(messages)
            else:
                return

    async def _until_recorded(self) -> None:
        """Take no more messages for now: the senders wait, as for a mailbox that is full."""
        while self._recording is not None and self._failure is None:
            self._told = anyio.Event()
            await self._told.wait()

    def close(self) -> None:
        """Give back what was not used, and answer whoever still waits."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._claims.drop()
        if self._recording is not None:
            self.refuse(self._recording.messages)
        for messages in (*self._work, self._held):
            self.refuse(messages)
        super().close()

    async def _handle(self, messages: Sequence[Any]) -> None:
        """Decide messages, and send what was decided to the journal."""
        now = self._context.clock.now()
        batch = Batch(now)
        try:
            for message in messages:
                self._decide(message, now, batch)
            due = next_wake(self.state)
            if due is not None and due <= now:
                self._take(advance(self.state, Wake(), now), batch)
            await self._prepare(batch, now)
            if batch.durable:
                append = batch.to_append(self.state, outgoing=self._outgoing(batch))
                self._recording = _Recording(batch, append, messages)
                await self._context.journal.enqueue(append, self._recorded)
                return
        except BaseException:
            self._recording = None
            self._give_back(batch)
            self.refuse(messages)
            raise
        self._act(batch)
        self.refuse(messages)

    def _recorded(self, outcome: Exception | None) -> None:
        """Hear from the journal; what is durable takes effect at once."""
        recording = self._recording
        if recording is None or self._closed:
            if recording is not None:
                self._give_back(recording.batch)
            return
        if outcome is None:
            self._recording = None
            self.state.seq = recording.append.seq
            self._act(recording.batch)
            self.refuse(recording.messages)
        else:
            self._failure = outcome
        if self._told is not None:
            self._told.set()
        if self.stopping:
            return  # It was nudged to its end.
        if self._held or self._work or self._nudged or self._failure is not None:
            self.nudge()

    async def _recover(self) -> None:
        """Deal with an append that failed, or with a fault of our own."""
        error, self._failure = self._failure, None
        recording, self._recording = self._recording, None
        assert error is not None
        if recording is None:
            raise error
        batch, messages = recording.batch, recording.messages
        try:
            if isinstance(error, StaleLeaseError | AppendConflictError):
                self._refused(batch, error)
            elif isinstance(error, EncodingError):
                await self._start_over(batch)
                apart = _apart(messages, error)
                messages = ()
                self._work.extend(apart)
            elif isinstance(error, StoreError):
                for reply in batch.replies:
                    reply.fail(error)
                if await self._was_recorded(batch, recording.append.seq):
                    self.state.seq = recording.append.seq
                    self._act(batch)
                elif not self.stopping:
                    self._work.append([*batch.told, TakeUp()])
            else:
                self._give_back(batch)
                raise error
        finally:
            self.refuse(messages)

    def _decide(self, message: Any, now: float, batch: Batch) -> None:
        if not isinstance(message, Envelope):
            batch.told.append(message)
            self._take(advance(self.state, message, now), batch)
            return
        try:
            self._check_expected(message.message, batch)
            self._take(advance(self.state, message.message, now), batch)
        except TaskerError as error:
            message.reply.fail(error)
        else:
            batch.replies.append(message.reply)

    def _check_expected(self, message: Any, batch: Batch) -> None:
        """Raise `TaskChangedError` when an operation was meant for the task as it was before."""
        expected = getattr(message, "expected_seq", None)
        # What was decided before it in this batch is a change too.
        seq = self.state.seq + batch.durable
        if expected is not None and expected != seq:
            raise TaskChangedError(task_id=self.state.task.task_id, expected_seq=expected, seq=seq)

    def _take(self, decision: Decision, batch: Batch) -> None:
        self.state.apply(decision)
        batch.add(decision)

    async def _prepare(self, batch: Batch, now: float) -> None:
        """Add what follows from the decisions: starts, annotations, letting go."""
        if self._claims or batch.ready:
            await self._start_ready(batch, now)
        if batch.ends and self.state.plan.annotates:
            batch.annotations.extend(await self._context.runner.annotate(self.state))
        self._let_go(batch, now)

    def _outgoing(self, batch: Batch) -> Raw | None:
        outbox = self._context.outbox
        if not outbox.wanted or not (batch.transitions or batch.head is not None):
            return None
        return outbox.of_append(self.state, batch.transitions, batch.at)

    async def _start_ready(self, batch: Batch, now: float) -> None:
        state, claims = self.state, self._claims
        if state.head.state is not TaskState.IN_PROGRESS or not self._may_start():
            claims.drop()
            return
        claims.add(batch.ready)
        if state.plan.orders_ready and len(claims.queue) > 1:
            claims.reorder(await self._context.runner.order_ready(state, claims.queue))
        chosen = claims.take(state.ready, self._room(), state.task.priority, self.nudge)
        if not chosen:
            return
        decision = advance(state, StartSteps(tuple(chosen)), now)
        self._take(decision, batch)
        for index in chosen:
            started = decision.steps.get(index)
            if started is None:
                self._context.permits.release(state.plan.steps[index])
            else:
                batch.starts.append((index, started.attempts))

    def _may_start(self) -> bool:
        return self._context.working and not self._context.draining

    def _room(self) -> int:
        """How many more steps the task's own bound lets start or wait for a permit."""
        limit = self.state.plan.max_concurrent_steps
        if limit is None:
            return len(self.state.steps)
        return limit - len(self.state.running) - self._claims.waiting

    def _let_go(self, batch: Batch, now: float) -> None:
        """Release the task when it is at rest, or only waits, or may not go on here."""
        state, context = self.state, self._context
        head = state.head
        if head.owner is None:
            return
        if head.state in AT_REST:
            wake_at = None
        elif state.running or self._claims:
            return
        elif head.state is TaskState.PAUSED:
            wake_at = None
        else:
            wake_at = next_wake(state)
            if not self._may_start():
                wake_at = 0.0 if state.ready or wake_at is None else wake_at
            elif wake_at is None or wake_at - now <= context.passivate_after_seconds:
                return
        self._take(Decision(head=msgspec.structs.replace(head, owner=None, wake_at=wake_at)), batch)

    async def _was_recorded(self, batch: Batch, seq: int) -> bool:
        """Wait for the store, and see whether an append of unknown outcome is in it.

        When it is not, the state is as before the batch; when another owner has
        the task, this supervisor stands down.
        """
        await self._context.journal.recovered()
        snapshot = await self._read()
        if snapshot is None or snapshot.task.epoch != self.state.epoch or snapshot.seq > seq:
            task_id, epoch = self.state.task.task_id, self.state.epoch
            self._refused(batch, StaleLeaseError(task_id=task_id, epoch=epoch, current=None))
            return False
        if snapshot.seq == seq:
            return True
        self._go_back(batch, snapshot)
        return False

    async def _start_over(self, batch: Batch) -> None:
        """Undo a batch that was refused: nothing of it is in the store."""
        snapshot = await self._read()
        if snapshot is None:
            raise ActorStoppedError(actor=self.name)
        self._go_back(batch, snapshot)

    async def _read(self) -> TaskSnapshot | None:
        while True:
            try:
                return await self._context.reader.get_task(self.state.task.task_id)
            except StoreError:
                await self._context.clock.sleep(READ_AGAIN_SECONDS)

    def _go_back(self, batch: Batch, snapshot: TaskSnapshot) -> None:
        self._give_back(batch)
        self._claims.drop()
        self.state = WorkflowState.from_snapshot(snapshot, self.state.plan)

    def _act(self, batch: Batch) -> None:
        """Let the effects happen: everything here is durable."""
        try:
            self._take_effect(batch)
        except Exception as error:
            # Raised in the supervisor's own turn, to the one who restarts it.
            self._failure = error
            self.nudge()

    def _take_effect(self, batch: Batch) -> None:
        state, context = self.state, self._context
        if batch.transitions or batch.head is not None:
            context.observer.decided(state, batch.transitions, batch.at)
        state.recorded()
        if batch.starts and not context.lease.holds():
            # It was recorded while the lease ran out. Whoever takes the task over finds
            # attempts that nobody runs, and tries again.
            self._give_back(batch)
            self.stand_down(LeaseLostError(node_id=context.node_id))
        for index, attempt in batch.stops:
            context.pool.stop((state.task.task_id, index, attempt))
        for index, attempt in batch.starts:
            context.pool.start(
                AttemptOrder(state=state, step=state.plan.steps[index], attempt=attempt),
                self.ref,
            )
        batch.starts = []
        for reply in batch.replies:
            reply.set(state.head.state)
        if self.stopping:
            return
        if state.head.owner is not None:
            self._set_timer()
            return
        self._claims.drop()
        self.stop()
        self.nudge()
        if state.head.state in AT_REST:
            context.residents.ended(state)
        else:
            context.residents.released(state)

    def _set_timer(self) -> None:
        at = next_wake(self.state)
        if self._timer is not None and self._timer.callback is not None:
            if self._timer.at == at:
                return
            self._timer.cancel()
        self._timer = None if at is None else self._context.timers.at(at, self.nudge)

    def _refused(self, batch: Batch, error: Exception) -> None:
        """Another owner has the task: say that nothing was done, and stop everything."""
        self._give_back(batch)
        for reply in batch.replies:
            reply.fail(error)
        self.stand_down(error)

    def stand_down(self, error: Exception) -> None:
        """Do nothing more with the task, which another owner has, or may have by now."""
        if self.stopping:
            return
        self._context.pool.stop_task(self.state.task.task_id)
        self._claims.drop()
        self.stop()
        self.nudge()
        self._context.residents.lost(self.state, error)

    def _give_back(self, batch: Batch) -> None:
        for index, _ in batch.starts:
            self._context.permits.release(self.state.plan.steps[index])
        batch.starts.clear()


def _apart(messages: Sequence[Any], error: EncodingError) -> list[Sequence[Any]]:
    """Return refused messages one by one, and the one that cannot be stored as a failure."""
    taking_up = [TakeUp(), *(each for each in messages if isinstance(each, TakeUp))]
    others = [each for each in messages if not isinstance(each, TakeUp)]
    if not others:
        raise error
    if len(others) > 1:
        return [[*taking_up, others[0]], *([each] for each in others[1:])]
    [message] = others
    if isinstance(message, AttemptEnded):
        told = ErrorRecord(error_class=type(error).__name__, message=str(error), permanent=True)
        failed = AttemptEnded(message.step, message.attempt, AttemptFailed(error=told))
        return [[*taking_up, failed]]
    if isinstance(message, Envelope):
        message.reply.fail(error)
    return [taking_up]
