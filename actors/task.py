"""The task supervisor: message, decision, append, effects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol

import msgspec

from tasker.actors.actor import Actor
from tasker.actors.batch import Batch
from tasker.actors.envelope import Envelope
from tasker.actors.errors import ActorStoppedError, MailboxFullError
from tasker.actors.journal import Journal
from tasker.actors.permits import Permits, Waiter
from tasker.actors.protocols import AttemptOrder, Clock, Observer, Runner
from tasker.actors.step import StepPool
from tasker.actors.timers import Timer, Timers
from tasker.actors.workflow.advance import advance, next_wake
from tasker.actors.workflow.decision import Decision
from tasker.actors.workflow.messages import AttemptEnded, StartSteps, TakeUp, Wake
from tasker.actors.workflow.outcome import AttemptFailed
from tasker.actors.workflow.state import WorkflowState
from tasker.actors.workflow.states import AT_REST
from tasker.stores.errors import (
    AppendConflictError,
    EncodingError,
    StaleLeaseError,
    StoreError,
    TaskerError,
)
from tasker.stores.protocols import TaskReader
from tasker.stores.records import ErrorRecord, StepRecord, TaskSnapshot, TaskState, Transition

READ_AGAIN_SECONDS = 0.1
"""Wait before a task is read again from a store that failed."""


class Nudge:
    """Look again: a timer has come, a permit was granted, or the engine drains."""


NUDGE = Nudge()


class Residents(Protocol):
    """Who wants to know what becomes of a task in memory."""

    def ended(self, state: WorkflowState) -> None:
        """The task came to rest, durably."""

    def released(self, state: WorkflowState) -> None:
        """The task was let go of, durably: it waits in the store."""

    def lost(self, state: WorkflowState, error: Exception) -> None:
        """Another owner has the task; nothing more is done with it here."""


class TaskContext:
    """What every task supervisor of a node shares.

    ``working`` is False on a node that only does operations: it starts no steps.
    ``draining`` turns True at shutdown: nothing new starts.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        reader: TaskReader,
        timers: Timers,
        permits: Permits,
        pool: StepPool,
        runner: Runner,
        observer: Observer,
        clock: Clock,
        residents: Residents,
        node_id: str,
        passivate_after_seconds: float = 1.0,
        working: bool = True,
    ) -> None:
        self.journal = journal
        self.reader = reader
        self.timers = timers
        self.permits = permits
        self.pool = pool
        self.runner = runner
        self.observer = observer
        self.clock = clock
        self.residents = residents
        self.node_id = node_id
        self.passivate_after_seconds = passivate_after_seconds
        self.working = working
        self.draining = False


class TaskSupervisor(Actor):
    """The only writer of one task.

    It takes all messages that wait, decides each, and makes the whole durable in
    one append; only then do attempts start, askers get their answer and others
    hear of it. A task with nothing to do but wait is let go of: its wake time is
    in the store.
    """

    batch_limit = 256

    def __init__(self, state: WorkflowState, context: TaskContext) -> None:
        super().__init__(f"task-{state.task.task_id}", capacity=64 + len(state.plan.steps))
        self.state = state
        self._context = context
        self._queue: list[int] = []
        self._waiters: dict[int, Waiter] = {}
        self._granted: list[int] = []
        self._timer: Timer | None = None
        self._first: Batch | None = None

    async def create(
        self,
        *,
        steps: Sequence[StepRecord] = (),
        identity_expires_before: float | None = None,
    ) -> None:
        """Append a new task, and the first attempts of its roots; call before starting.

        Raises what the journal raises; the task is then not created, or, when a
        commit failed, of unknown outcome, and the supervisor must not be started.
        """
        now = self._context.clock.now()
        batch = Batch()
        for record in steps:
            index = self.state.plan.index[record.name]
            batch.steps[index] = record
            batch.recorded.add(index)
        batch.transitions.append(Transition(from_state=None, to_state=TaskState.PENDING))
        self._take(advance(self.state, TakeUp(), now), batch)
        await self._prepare(batch, now)
        append = batch.to_append(
            self.state,
            now,
            created=self.state.task,
            identity_expires_before=identity_expires_before,
        )
        try:
            await self._context.journal.append(append)
        except BaseException:
            self._give_back(batch)
            self._drop_claims()
            self.close()
            raise
        self.state.seq = append.seq
        self._first = batch

    async def setup(self) -> None:
        """Act on what `create` decided, or take up a task that was loaded."""
        if self._first is not None:
            batch, self._first = self._first, None
            self._act(batch)
        else:
            # With what waits already: a task at rest is let go of again, and an
            # operation that had it loaded would for ever come too late.
            waiting = self.mailbox.get_batch_nowait(self.batch_limit)
            await self._handle([TakeUp(interrupted="its process ended"), *waiting])

    def nudge(self) -> None:
        """Have the supervisor look again."""
        # Full: messages wait that wake it. Stopped: nothing is left to do.
        with suppress(MailboxFullError, ActorStoppedError):
            self.ref.tell_nowait(NUDGE)

    async def receive_batch(self, messages: Sequence[Any]) -> None:
        """Handle all that was waiting with one append."""
        await self._handle(messages)

    async def teardown(self) -> None:
        """Give back what was not used."""
        if self._timer is not None:
            self._timer.cancel()
        self._drop_claims()

    async def _handle(self, messages: Sequence[Any]) -> None:
        left = [messages]
        try:
            while left and not self.stopping:
                left[:1] = await self._handle_once(left[0])
        finally:
            self.refuse(messages)

    async def _handle_once(self, messages: Sequence[Any]) -> list[Sequence[Any]]:
        """Decide and record messages as one batch; return batches to be handled instead."""
        now = self._context.clock.now()
        batch = Batch()
        for message in messages:
            self._decide(message, now, batch)
        due = next_wake(self.state)
        if due is not None and due <= now:
            self._take(advance(self.state, Wake(), now), batch)
        await self._prepare(batch, now)
        if batch.durable:
            append = batch.to_append(self.state, now)
            try:
                await self._context.journal.append(append)
            except (StaleLeaseError, AppendConflictError) as error:
                self._stand_down(batch, error)
                return []
            except EncodingError as error:
                await self._start_over(batch)
                return _apart(messages, error)
            except StoreError as error:
                for reply in batch.replies:
                    reply.fail(error)
                if not await self._was_recorded(batch, append.seq):
                    return [] if self.stopping else [[*batch.told, TakeUp()]]
            except BaseException:
                self._give_back(batch)
                raise
            self.state.seq = append.seq
        self._act(batch)
        return []

    def _decide(self, message: Any, now: float, batch: Batch) -> None:
        if isinstance(message, Nudge):
            return
        if not isinstance(message, Envelope):
            batch.told.append(message)
            self._take(advance(self.state, message, now), batch)
            return
        try:
            self._take(advance(self.state, message.message, now), batch)
        except TaskerError as error:
            message.reply.fail(error)
        else:
            batch.replies.append(message.reply)

    def _take(self, decision: Decision, batch: Batch) -> None:
        self.state.apply(decision)
        batch.add(decision)

    async def _prepare(self, batch: Batch, now: float) -> None:
        """Add what follows from the decisions: starts, annotations, letting go."""
        await self._start_ready(batch, now)
        if batch.ends and self.state.plan.annotates:
            batch.annotations.extend(await self._context.runner.annotate(self.state))
        self._let_go(batch, now)

    async def _start_ready(self, batch: Batch, now: float) -> None:
        state, context = self.state, self._context
        if state.head.state is not TaskState.IN_PROGRESS or not self._may_start():
            self._queue.clear()
            self._drop_claims()
            return
        self._queue.extend(batch.ready)
        self._drop_waiters(lambda index: index not in state.ready)
        if state.plan.orders_ready and len(self._queue) > 1:
            self._queue = list(await context.runner.order_ready(state, self._queue))
        chosen, self._granted = self._granted, []
        room = self._room() - len(chosen)
        while self._queue and room > 0:
            index = self._queue.pop(0)
            step = state.plan.steps[index]
            if index not in state.ready or index in self._waiters or index in chosen:
                continue
            if context.permits.try_acquire(step):
                chosen.append(index)
            else:
                self._wait_for_permit(index)
            room -= 1
        if not chosen:
            return
        decision = advance(state, StartSteps(tuple(chosen)), now)
        self._take(decision, batch)
        for index in chosen:
            started = decision.steps.get(index)
            if started is None:
                context.permits.release(state.plan.steps[index])
            else:
                batch.starts.append((index, started.attempts))

    def _may_start(self) -> bool:
        return self._context.working and not self._context.draining

    def _room(self) -> int:
        """How many more steps the task's own bound lets start or wait for a permit."""
        limit = self.state.plan.max_concurrent_steps
        taken = len(self.state.running) + len(self._waiters)
        return len(self.state.steps) if limit is None else limit - taken

    def _wait_for_permit(self, index: int) -> None:
        def granted() -> None:
            self._waiters.pop(index, None)
            self._granted.append(index)
            self.nudge()

        # Entered first: a permit that is free by now is granted during the call.
        waiter = self._waiters[index] = Waiter(self.state.plan.steps[index], granted)
        self._context.permits.wait(waiter, self.state.task.priority)

    def _let_go(self, batch: Batch, now: float) -> None:
        """Release the task when it is at rest, or only waits, or may not go on here."""
        state, context = self.state, self._context
        head = state.head
        if head.owner is None:
            return
        if head.state in AT_REST:
            wake_at = None
        elif state.running or self._queue or self._waiters or self._granted:
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
            self._stand_down(batch, StaleLeaseError(task_id=task_id, epoch=epoch, current=None))
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
        self._queue.clear()
        self._drop_claims()
        self.state = WorkflowState.from_snapshot(snapshot, self.state.plan)

    def _act(self, batch: Batch) -> None:
        """Let the effects happen: everything here is durable."""
        state, context = self.state, self._context
        task_id = state.task.task_id
        for index, attempt in batch.stops:
            context.pool.stop((task_id, index, attempt))
        for index, attempt in batch.starts:
            context.pool.start(
                AttemptOrder(state=state, step=state.plan.steps[index], attempt=attempt),
                self.ref,
            )
        if batch.durable:
            context.observer.decided(state, batch.decision(), context.clock.now())
        for reply in batch.replies:
            reply.set(state.head.state)
        if state.head.owner is None:
            self._drop_claims()
            self.stop()
            if state.head.state in AT_REST:
                context.residents.ended(state)
            else:
                context.residents.released(state)
            return
        self._set_timer()

    def _set_timer(self) -> None:
        at = next_wake(self.state)
        if self._timer is not None and self._timer.callback is not None:
            if self._timer.at == at:
                return
            self._timer.cancel()
        self._timer = None if at is None else self._context.timers.at(at, self.nudge)

    def _stand_down(self, batch: Batch, error: Exception) -> None:
        """Another owner has the task: stop everything, say nothing was done."""
        self._give_back(batch)
        self._context.pool.stop_task(self.state.task.task_id)
        for reply in batch.replies:
            reply.fail(error)
        self.stop()
        self._context.residents.lost(self.state, error)

    def _give_back(self, batch: Batch) -> None:
        for index, _ in batch.starts:
            self._context.permits.release(self.state.plan.steps[index])
        batch.starts.clear()

    def _drop_waiters(self, unwanted: Callable[[int], bool]) -> None:
        for index in [index for index in self._waiters if unwanted(index)]:
            self._waiters.pop(index).cancel()

    def _drop_claims(self) -> None:
        self._drop_waiters(lambda _: True)
        for index in self._granted:
            self._context.permits.release(self.state.plan.steps[index])
        self._granted.clear()


def _apart(messages: Sequence[Any], error: EncodingError) -> list[Sequence[Any]]:
    """Return refused messages one by one, and the one that cannot be stored as a failure."""
    taking_up = [TakeUp(), *(each for each in messages if isinstance(each, TakeUp))]
    others = [each for each in messages if not isinstance(each, TakeUp | Nudge)]
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
