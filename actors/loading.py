"""Taking tasks that wait in the store into memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import anyio

from tasker.actors.agenda import Agenda
from tasker.actors.context import TaskContext
from tasker.actors.protocols import Clock, PlanSource
from tasker.actors.task import TaskSupervisor
from tasker.actors.workflow.state import WorkflowState
from tasker.stores.protocols import ClaimStore
from tasker.stores.records import Append, TaskChange, TaskSnapshot, TaskState

UNRUNNABLE_RETRY_SECONDS = 30.0
"""When a task whose definition or handlers are missing here is looked at again."""


class Memory(Protocol):
    """Where tasks go that were loaded."""

    def find(self, task_id: str) -> TaskSupervisor | None:
        """Return the supervisor of a task in memory, or None."""

    def start(self, state: WorkflowState) -> TaskSupervisor:
        """Start a supervisor for a task that this node has claimed."""


class Loader:
    """Claims tasks and gives them supervisors; one claim at a time.

    ``takes_up`` False leaves in the store what is not asked for by name.
    """

    def __init__(
        self,
        store: ClaimStore,
        plans: PlanSource,
        agenda: Agenda,
        memory: Memory,
        clock: Clock,
        *,
        takes_up: bool,
        on_trouble: Callable[[str, str, Exception], None],
    ) -> None:
        self.unrunnable = 0
        """Tasks that had to be put back, since they cannot run here."""
        self._store = store
        self._plans = plans
        self._agenda = agenda
        self._memory = memory
        self._clock = clock
        self._takes_up = takes_up
        self._on_trouble = on_trouble
        self._claiming = anyio.Lock()

    async def fill(self, context: TaskContext, room: int) -> int:
        """Take up to that many tasks into memory; return how many there were."""
        async with self._claiming:
            return await self._take_up(context, room)

    async def load(self, context: TaskContext, task_id: str) -> TaskSupervisor | None:
        """Take one task into memory, unless it is there; None when it cannot be had."""
        async with self._claiming:
            supervisor = self._memory.find(task_id)
            if supervisor is not None:
                return supervisor
            try:
                return await self._claim_and_adopt(context, task_id)
            finally:
                if task_id in self._agenda.named:
                    self._agenda.look()

    async def _take_up(self, context: TaskContext, room: int) -> int:
        """Claim up to that many tasks and give them supervisors; return how many."""
        agenda = self._agenda
        found = await self._take_up_named(context, room)
        if not self._takes_up:
            return found
        if found < room and agenda.is_due:
            now = self._clock.now()
            due = await self._store.claim_due(context.node_id, now, room - found)
            found += await self._adopt_all(context, due)
        if agenda.backlog and found < room:
            wanted = room - found
            # Cleared before asking: what is shelved meanwhile sets it again.
            agenda.backlog = False
            waiting = await self._store.claim_backlog(context.node_id, wanted)
            agenda.backlog = agenda.backlog or len(waiting) == wanted
            found += await self._adopt_all(context, waiting)
        return found

    async def _take_up_named(self, context: TaskContext, room: int) -> int:
        if not self._agenda.named:
            return 0
        # What is in doubt may still be on its way to the store.
        await context.journal.settled()
        found = 0
        for task_id in list(self._agenda.named)[:room]:
            if self._memory.find(task_id) is not None:
                self._agenda.named.pop(task_id, None)
                continue
            with self._unless_put_back(task_id):
                found += await self._claim_and_adopt(context, task_id) is not None
        return found

    async def _claim_and_adopt(self, context: TaskContext, task_id: str) -> TaskSupervisor | None:
        self._agenda.named[task_id] = None
        snapshot = await self._store.claim_task(context.node_id, task_id)
        if snapshot is not None:
            return await self._adopt(context, snapshot)
        self._agenda.named.pop(task_id, None)
        return None

    async def _adopt_all(self, context: TaskContext, snapshots: Sequence[TaskSnapshot]) -> int:
        self._agenda.named.update((snapshot.task.task_id, None) for snapshot in snapshots)
        for snapshot in snapshots:
            with self._unless_put_back(snapshot.task.task_id):
                await self._adopt(context, snapshot)
        return len(snapshots)

    @contextmanager
    def _unless_put_back(self, task_id: str) -> Iterator[None]:
        try:
            yield
        except Exception:
            if task_id in self._agenda.named:
                raise

    async def _adopt(self, context: TaskContext, snapshot: TaskSnapshot) -> TaskSupervisor:
        """Give a claimed task its supervisor; raise why it can have none, and put it back."""
        try:
            plan = await self._plans.plan_for(snapshot.task)
            state = WorkflowState.from_snapshot(snapshot, plan)
        except Exception as error:
            await self._put_back(context, snapshot, error)
            self._agenda.named.pop(snapshot.task.task_id, None)
            raise
        self._agenda.named.pop(snapshot.task.task_id, None)
        return self._memory.start(state)

    async def _put_back(
        self, context: TaskContext, snapshot: TaskSnapshot, error: Exception
    ) -> None:
        """Let go of a task that cannot run here, to look at it again later."""
        self.unrunnable += 1
        self._on_trouble(snapshot.task.task_id, "the task cannot run here", error)
        wake_at: float | None = None
        if snapshot.task.state in (TaskState.PENDING, TaskState.IN_PROGRESS):
            wake_at = self._clock.now() + UNRUNNABLE_RETRY_SECONDS
        await context.journal.append(
            Append(
                task_id=snapshot.task.task_id,
                epoch=snapshot.task.epoch,
                seq=snapshot.seq + 1,
                at=self._clock.now(),
                task=TaskChange(
                    state=snapshot.task.state,
                    wake_at=wake_at,
                    owner=None,
                    started_at=snapshot.task.started_at,
                    ended_at=snapshot.task.ended_at,
                ),
            )
        )
