"""Which tasks are in memory: admission, loading, waking, and handing back."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress

import anyio
import msgspec
from msgspec import Raw, Struct

from tasker.actors.actor import Actor
from tasker.actors.agenda import Agenda
from tasker.actors.context import TaskContext
from tasker.actors.envelope import Reply
from tasker.actors.errors import ActorStoppedError
from tasker.actors.journal import Done
from tasker.actors.loading import UNRUNNABLE_RETRY_SECONDS, Loader
from tasker.actors.new_task import NewTask
from tasker.actors.protocols import Clock, PlanSource
from tasker.actors.supervisor import Supervisor
from tasker.actors.task import TaskSupervisor
from tasker.actors.timers import Timers
from tasker.actors.watchers import Watchers
from tasker.actors.workflow.messages import AnyOperation, Interrupt
from tasker.actors.workflow.state import WorkflowState
from tasker.stores.errors import (
    AppendConflictError,
    DuplicateIdentityError,
    EncodingError,
    StaleLeaseError,
    StoreError,
)
from tasker.stores.protocols import Store
from tasker.stores.records import DefinitionRecord, TaskState

LOAD_BATCH = 128
"""Tasks claimed from the store at once."""
MOST_IN_MOTION = 256
"""Appends on their way beyond which no more tasks are loaded.

So many keep the event loop and the store busy; more tasks in memory would only cost
time to look after. Tasks whose steps take their time are not in motion.
"""
HEARING_FACTOR = 10
"""How much more seldom the store is polled while it tells of others by itself."""
LOAD_SECONDS = 0.05
"""The longest that room for a few tasks stays empty while others wait for it."""
REFUSALS = (StaleLeaseError, AppendConflictError, DuplicateIdentityError, EncodingError)
"""Errors after which an append is certainly not recorded."""
HAND_BACK_SECONDS = 5.0
"""How long tasks may take to be handed back at shutdown; a broken store takes for ever."""
CRASH_LIMIT = 3
"""Crashes of one task's supervisor after which it is left alone for a while."""


class ResidencyStatistics(Struct, frozen=True, kw_only=True):
    """Tasks in memory and their bound, and what happened since the start."""

    resident: int
    limit: int
    ended: int
    released: int
    lost: int
    unrunnable: int


class MailboxFigures(Struct, frozen=True, kw_only=True):
    """Messages that wait for the supervisors of tasks, and most of them in one mailbox."""

    messages: int
    most: int


class Residency(Actor):
    """Keeps at most ``limit`` tasks in memory, each with one supervisor.

    New tasks beyond that wait in the store, in order of priority, and are loaded
    in batches as room comes free; tasks that only wait are let go of and loaded
    when they are due. This is the one place that makes supervisors, so a task
    never has two. With ``takes_up`` False, what others left in the store stays
    there, but for tasks asked for with `take_up`.
    """

    def __init__(
        self,
        store: Store,
        branch: Supervisor,
        plans: PlanSource,
        clock: Clock,
        timers: Timers,
        *,
        limit: int,
        poll_seconds: float | None,
        takes_up: bool = True,
        on_trouble: Callable[[str, str, Exception], None],
        on_changed: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__("residency")
        self.context: TaskContext | None = None
        self._store = store
        self._branch = branch
        self._clock = clock
        self._limit = limit
        self._poll = poll_seconds
        self._polled_at = -math.inf
        self._takes_up = takes_up
        self._on_trouble = on_trouble
        self._on_changed = on_changed
        self._live: dict[str, TaskSupervisor] = {}
        self._reserved = 0
        self._agenda = Agenda(clock, timers, takes_up=takes_up)
        self._looked = anyio.Event()
        self._loader = Loader(
            store, plans, self._agenda, self, clock, takes_up=takes_up, on_trouble=on_trouble
        )
        self.watchers: Watchers[WorkflowState] = Watchers()
        self._crashes: defaultdict[str, int] = defaultdict(int)
        self._empty = anyio.Event()
        self._ended = self._released = self._lost = 0

    # Submitting and operating

    async def submit(self, new: NewTask) -> None:
        """Make a task durable, and start it at once if there is room.

        Raises what `Journal.append` raises.
        """
        reply: Reply[None] = Reply()
        await self.begin(new, reply.settle)
        await reply.wait()

    async def begin(self, new: NewTask, settled: Done) -> None:
        """Submit a task, and return once it is queued.

        ``settled`` is called once it is durable, or with why it is not; never, when
        this raises.
        """
        context = self._ready_context()
        waits = not context.working or self._is_idle(context)
        if waits or self._agenda.backlog or not self._has_room():
            await self._shelve(new, settled)
            return
        if context.journal.broken is not None:
            raise context.journal.broken
        task = msgspec.structs.replace(new.task, owner=context.node_id)
        state = WorkflowState(task=task, plan=new.plan, steps=new.steps)
        supervisor = TaskSupervisor(state, context)

        def created(outcome: Exception | None) -> None:
            # In the journal's turn, whatever became of the caller by now: a durable
            # task has its supervisor.
            self._reserved -= 1
            if outcome is None:
                self._supervise(supervisor)
            elif not isinstance(outcome, REFUSALS):
                # A commit that failed may have left the task all the same.
                self.take_up(task.task_id)
            settled(outcome)

        self._reserved += 1
        try:
            await supervisor.create(new, created)
        except BaseException:
            self._reserved -= 1
            raise

    async def submit_within(
        self, connection: object, new: NewTask, definition: DefinitionRecord | None
    ) -> None:
        """Leave a task in a transaction of the caller's; it is found once that is committed.

        Raises what `TransactionStore.commit_within` raises.
        """
        append = new.waiting(self._outgoing(self._ready_context(), new))
        await self._store.commit_within(connection, append, definition)

    async def operate(self, task_id: str, operation: AnyOperation) -> TaskState | None:
        """Do an operation on a task, in memory or not; return its state after it.

        Returns None when there is no such task, or another node has it.

        Raises:
            InvalidOperationError: It is not legal in that state.
            UnknownStepError: The task has no such step.
            StoreError: It could not be recorded.
        """
        journal = self._ready_context().journal
        while True:
            if journal.broken is not None:
                # Told at once: the supervisor would answer when the store recovers.
                raise journal.broken
            supervisor = self._live.get(task_id) or await self._loader.load(
                self._ready_context(), task_id
            )
            if supervisor is None:
                return None
            try:
                state: TaskState = await supervisor.ref.ask(operation)
                return state
            except ActorStoppedError:
                await anyio.lowlevel.checkpoint()

    def find(self, task_id: str) -> TaskSupervisor | None:
        """Return the supervisor of a task in memory, or None."""
        return self._live.get(task_id)

    def start(self, state: WorkflowState) -> TaskSupervisor:
        """Start a supervisor for a task that this node has claimed; called by the loader."""
        supervisor = TaskSupervisor(state, self._ready_context())
        self._supervise(supervisor)
        return supervisor

    def _supervise(self, supervisor: TaskSupervisor) -> None:
        self._live[supervisor.state.task.task_id] = supervisor
        self._branch.adopt(supervisor, on_failure=lambda error: self._crashed(supervisor, error))

    def resident(self, task_id: str) -> WorkflowState | None:
        """Return the live state of a task in memory, or None."""
        supervisor = self._live.get(task_id)
        return None if supervisor is None else supervisor.state

    async def looked(self) -> None:
        """Return once the store was looked at for work, for the first time."""
        await self._looked.wait()

    def take_up(self, task_id: str) -> None:
        """Have one task loaded soon, unless it is in memory."""
        self._agenda.named[task_id] = None
        self._agenda.look()

    def statistics(self) -> ResidencyStatistics:
        """Return how many tasks are in memory, and what happened."""
        return ResidencyStatistics(
            resident=len(self._live),
            limit=self._limit,
            ended=self._ended,
            released=self._released,
            lost=self._lost,
            unrunnable=self._loader.unrunnable,
        )

    def mailboxes(self) -> MailboxFigures:
        """Return how full the mailboxes are; looks at each, so not for every second."""
        depths = [each.mailbox.statistics().depth for each in list(self._live.values())]
        return MailboxFigures(messages=sum(depths), most=max(depths, default=0))

    # The actor

    async def run(self) -> None:
        """Load what is due and what waits for room, again and again."""
        # For the next answer to tell of what changes from now on.
        await self._changed()
        if self._poll is not None:
            self._store.listen(self._heard)
        while True:
            self._agenda.look_begins()
            await self._ask_others()
            try:
                await self._fill()
                await self._ask_what_is_due()
                if self._agenda.waits and self._has_room():
                    # There were too many in motion; that may end without the end of a task.
                    self._look_in_a_moment()
                self._looked.set()
            except StoreError as error:
                self._agenda.know_nothing()
                self._on_trouble("store", "loading tasks failed", error)
                await self._agenda.wait(0.5)
                continue
            while not self._agenda.look_wanted:
                await self._agenda.wait(self._until_poll())
                if await self._ask_others():
                    break

    def close(self) -> None:
        """Tell those who watch that nothing more will be heard here."""
        super().close()
        self.watchers.fail(ActorStoppedError(actor=self.name))

    async def drain(self, seconds: float) -> None:
        """Start nothing more; wait for running steps, then hand the rest back.

        Steps that still run after ``seconds`` are cancelled and recorded as
        interrupted: they are retried, under their limit, when the task is next
        taken up.
        """
        context = self._ready_context()
        context.draining = True
        for supervisor in list(self._live.values()):
            supervisor.nudge()
        if seconds > 0:
            await self._wait_empty(seconds)
        with anyio.move_on_after(HAND_BACK_SECONDS):
            for supervisor in list(self._live.values()):
                with suppress(ActorStoppedError):
                    await supervisor.ref.tell(Interrupt("the engine shut down"))
            await self._wait_empty(HAND_BACK_SECONDS)
            # For the handlers that were cancelled to clean up.
            await context.pool.idle()

    async def _wait_empty(self, seconds: float) -> None:
        with anyio.move_on_after(seconds):
            while self._live:
                self._empty = anyio.Event()
                await self._empty.wait()

    # Losing the store, and having it again

    def stand_down(self, error: Exception) -> None:
        """Let go of every task in memory, recording nothing: they may be others' by now."""
        for supervisor in list(self._live.values()):
            supervisor.stand_down(error)

    def look_again(self) -> None:
        """Look for tasks that can be taken up: somebody else let go of some."""
        self._agenda.know_nothing()
        self._agenda.look()

    # What supervisors report

    def ended(self, state: WorkflowState) -> None:
        """The task came to rest, durably."""
        self._ended += 1
        self._forget(state)
        self._crashes.pop(state.task.task_id, None)
        self.watchers.tell(state.task.task_id, state)

    def released(self, state: WorkflowState) -> None:
        """The task was let go of, durably: it waits in the store."""
        self._released += 1
        self._forget(state)
        wake_at = state.head.wake_at
        if wake_at == 0.0:
            self._agenda.backlog = self._takes_up
            self._agenda.look()
        elif wake_at is not None:
            self._agenda.due_by(wake_at)

    def lost(self, state: WorkflowState, error: Exception) -> None:
        """Another owner has the task; nothing more is done with it here."""
        self._lost += 1
        self._forget(state)
        self._on_trouble(state.task.task_id, "nothing more is done with the task here", error)

    def _crashed(self, supervisor: TaskSupervisor, error: Exception) -> None:
        state = supervisor.state
        context = self._ready_context()
        context.pool.stop_task(state.task.task_id)
        self._forget(state)
        self._crashes[state.task.task_id] += 1
        self._on_trouble(state.task.task_id, "its supervisor crashed", error)
        if self._crashes[state.task.task_id] >= CRASH_LIMIT:
            del self._crashes[state.task.task_id]
            at = self._clock.now() + UNRUNNABLE_RETRY_SECONDS
            context.timers.at(at, lambda: self.take_up(state.task.task_id))
        else:
            self.take_up(state.task.task_id)

    def _forget(self, state: WorkflowState) -> None:
        self._live.pop(state.task.task_id, None)
        if not self._live:
            self._empty.set()
        if not self._agenda.waits:
            return
        if self._room_to_load() >= min(LOAD_BATCH, self._limit // 4):
            self._agenda.look()
        else:
            # Too few for a batch: for those that end soon after to go along with.
            self._look_in_a_moment()

    # Loading

    async def _fill(self) -> None:
        context = self._ready_context()
        if not context.working or self._is_idle(context):
            return
        while (room := self._room_to_load()) > 0:
            if not self._agenda.waits:
                return
            # Reserved: what is submitted meanwhile must not take the same room.
            self._reserved += room
            try:
                found = await self._loader.fill(context, room)
            finally:
                self._reserved -= room
            self._looked.set()
            if not found and not self._agenda.backlog:
                return

    def _room_to_load(self) -> int:
        """Return how many tasks are to be loaded now, if so many wait."""
        room = self._limit - len(self._live) - self._reserved
        return min(room, MOST_IN_MOTION - self._ready_context().journal.pending, LOAD_BATCH)

    async def _shelve(self, new: NewTask, settled: Done) -> None:
        """Have a task made durable without taking it into memory."""
        task = new.task
        context = self._ready_context()
        append = new.waiting(self._outgoing(context, new))

        def done(outcome: Exception | None) -> None:
            # In the journal's turn: before anybody can load the task, and tell of its start.
            settled(outcome)
            if outcome is None:
                context.observer.created(task, append.at)
            # Whatever came of it: an append of unknown outcome may have left a task.
            self._look_for(task.task_id)

        try:
            await context.journal.enqueue(append, done)
        except BaseException:
            self._look_for(task.task_id)
            raise

    def _outgoing(self, context: TaskContext, new: NewTask) -> Raw | None:
        if not context.outbox.wanted:
            return None
        return context.outbox.of_created(new.task, new.task.created_at)

    def _look_for(self, task_id: str) -> None:
        """See to it that a task which waits in the store is found when there is room."""
        if not self._takes_up and self._ready_context().working:
            self._agenda.named[task_id] = None
        else:
            self._agenda.backlog = True
        if self._has_room():
            self._agenda.look()

    async def _ask_what_is_due(self) -> None:
        if self._takes_up and self._ready_context().working:
            self._agenda.due_is_asked()
            self._agenda.due_is_answered(await self._store.next_wake_at())

    def _look_in_a_moment(self) -> None:
        """Have the store looked at a little later, if anything may be loaded at all."""
        context = self._ready_context()
        if context.working and not context.draining:
            self._agenda.look_by(self._clock.now() + LOAD_SECONDS)

    def _heard(self) -> None:
        """Ask at once whether others wrote to the store: it says so."""
        self._polled_at = -math.inf
        self._agenda.look()

    async def _ask_others(self) -> bool:
        """Take nothing for granted if others wrote to the store; return whether they did."""
        if not await self._changed():
            return False
        self._agenda.know_nothing()
        self._on_changed()
        return True

    def _until_poll(self) -> float | None:
        if self._poll is None:
            return None
        return max(0.0, self._polled_at + self._pause(self._poll) - self._clock.now())

    def _pause(self, poll_seconds: float) -> float:
        return poll_seconds * (HEARING_FACTOR if self._store.hears else 1)

    async def _changed(self) -> bool:
        """Return whether others wrote to the store; it is asked no more often than it says."""
        now = self._clock.now()
        if self._poll is None or now < self._polled_at + self._pause(self._poll):
            return False
        self._polled_at = now
        try:
            return await self._store.changed()
        except StoreError:
            return False

    def _is_idle(self, context: TaskContext) -> bool:
        """Whether nothing is to be taken up: the node drains, or may not act."""
        return context.draining or not context.lease.holds()

    def _has_room(self) -> bool:
        return len(self._live) + self._reserved < self._limit

    def _ready_context(self) -> TaskContext:
        assert self.context is not None, "the residency is used before it has its context"
        return self.context
