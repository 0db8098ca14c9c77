"""The runtime put together over a store in memory, with handlers that a test scripts."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio
import msgspec
from anyio.lowlevel import checkpoint

from tasker.actors.context import TaskContext
from tasker.actors.journal import Journal
from tasker.actors.new_task import NewTask
from tasker.actors.permits import Permits
from tasker.actors.protocols import AttemptOrder
from tasker.actors.residency import Residency
from tasker.actors.step import StepPool
from tasker.actors.supervisor import Supervisor
from tasker.actors.timers import Timers
from tasker.actors.workflow.outcome import AttemptFailed, AttemptResult, AttemptSucceeded
from tasker.actors.workflow.plan import Plan
from tasker.actors.workflow.state import WorkflowState
from tasker.stores.errors import StoreError, StoreUnavailableError
from tasker.stores.memory import MemoryStore
from tasker.stores.records import (
    AnnotationRecord,
    Append,
    ErrorRecord,
    NodeRecord,
    TaskRecord,
    TaskSnapshot,
    TaskState,
    Transition,
)
from tasker.testing import ManualClock
from tests.workflow.rules import NOW, make_task, raw

Script = Callable[[AttemptOrder], Awaitable[Any]]
TIMEOUT = 5.0
"""Real seconds after which a test is taken for stuck."""


async def settle(turns: int = 50) -> None:
    """Let everything go on that can."""
    for _ in range(turns):
        await checkpoint()


def unavailable() -> StoreUnavailableError:
    return StoreUnavailableError(url="memory://", operation="commit", cause="disk full")


class FlakyStore(MemoryStore):
    """A store whose commits wait for a gate, fail when told to, and are counted."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []
        self.failing: Exception | None = None
        self.fails_after_recording = False
        self.unreadable: StoreError | None = None
        self.refuse: Callable[[Append], StoreError | None] = lambda append: None
        self.probes = 0
        self.gate = anyio.Event()
        self.gate.set()

    async def commit(self, appends: Sequence[Append]) -> list[StoreError | None]:
        await self.gate.wait()
        self.batches.append(len(appends))
        if self.failing is not None and not self.fails_after_recording:
            raise self.failing
        refusals = [self.refuse(append) for append in appends]
        done = iter(
            await super().commit([a for a, r in zip(appends, refusals, strict=True) if r is None])
        )
        outcomes = [next(done) if refusal is None else refusal for refusal in refusals]
        if self.failing is not None:
            raise self.failing
        return outcomes

    async def probe(self) -> None:
        self.probes += 1
        if self.failing is not None:
            raise self.failing
        await super().probe()

    async def get_task(self, task_id: str) -> TaskSnapshot | None:
        if self.unreadable is not None:
            raise self.unreadable
        return await super().get_task(task_id)


class ScriptedRunner:
    """Runs what a test wrote for a step; steps without a script succeed at once."""

    def __init__(self) -> None:
        self.scripts: dict[str, Script] = {}
        self.ran: list[tuple[str, str, int]] = []
        self.running = 0
        self.most_running = 0
        self.order: Callable[[Sequence[int]], Sequence[int]] = lambda ready: ready
        self.notes: Sequence[AnnotationRecord] = ()

    async def run(self, order: AttemptOrder) -> AttemptResult:
        self.ran.append((order.state.task.task_id, order.step.name, order.attempt))
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            script = self.scripts.get(order.step.name)
            result = None if script is None else await script(order)
        finally:
            self.running -= 1
        return result if isinstance(result, AttemptFailed) else AttemptSucceeded(raw(result))

    async def order_ready(self, state: WorkflowState, ready: Sequence[int]) -> Sequence[int]:
        return self.order(ready)

    async def annotate(self, state: WorkflowState) -> Sequence[AnnotationRecord]:
        return self.notes

    def times(self, step: str) -> int:
        return Counter(name for _, name, _ in self.ran)[step]


class Plans:
    """Knows each task's plan, or says why there is none."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.error: Exception | None = None

    async def plan_for(self, task: TaskRecord) -> Plan:
        if self.error is not None:
            raise self.error
        return self.plan


class Watcher:
    """Keeps what it hears of."""

    def __init__(self) -> None:
        self.heard: list[list[str]] = []
        """The states that each call told of, the task's own as ``task:state``."""
        self.raises: Exception | None = None

    congested = False

    async def room(self, task_id: str) -> None:
        raise AssertionError("asked for room though it is not congested")

    def created(self, task: TaskRecord, at: float) -> None:
        self.heard.append(["task:pending"])

    def taken_up(self, state: WorkflowState, at: float) -> None:
        pass

    def decided(self, state: WorkflowState, transitions: Sequence[Transition], at: float) -> None:
        if not transitions:
            return
        self.heard.append([f"{each.step or 'task'}:{each.to_state}" for each in transitions])
        if self.raises is not None:
            error, self.raises = self.raises, None
            raise error


class World:
    """All the actors, as the engine puts them together."""

    def __init__(
        self,
        plan: Plan,
        *,
        store: FlakyStore | None = None,
        limit: int = 100,
        permits: int = 100,
        journal_capacity: int = 100,
        passivate_after_seconds: float = 1.0,
        working: bool = True,
    ) -> None:
        self.store = store or FlakyStore()
        self.clock = ManualClock(NOW)
        self.runner = ScriptedRunner()
        self.watcher = Watcher()
        self.plans = Plans(plan)
        self.troubles: list[str] = []
        self.health: list[StoreError | None] = []
        self.timers = Timers(self.clock)
        self.journal = Journal(
            self.store, self.clock, capacity=journal_capacity, on_health=self.health.append
        )
        self.permits = Permits(permits, self.timers, self.clock.now)
        self.root = Supervisor("root")
        self.tasks = Supervisor("tasks")
        self.steps = Supervisor("steps")
        self.pool = StepPool(
            self.steps,
            runner=self.runner,
            permits=self.permits,
            timers=self.timers,
            clock=self.clock,
        )
        self.residency = Residency(
            self.store,
            self.tasks,
            self.plans,
            self.clock,
            self.timers,
            limit=limit,
            poll_seconds=None,
            on_trouble=lambda subject, what, error: self.troubles.append(what),
        )
        self.residency.context = self.context = TaskContext(
            journal=self.journal,
            reader=self.store,
            timers=self.timers,
            permits=self.permits,
            pool=self.pool,
            runner=self.runner,
            observer=self.watcher,
            clock=self.clock,
            residents=self.residency,
            node_id="node-1",
            passivate_after_seconds=passivate_after_seconds,
            working=working,
        )
        self._numbers = itertools.count(1)

    @asynccontextmanager
    async def running(self, *, look: bool = True) -> AsyncIterator[World]:
        await self.store.open()
        await self.store.join(NodeRecord(node_id="node-1", host="h", pid=1, started_at=NOW))
        with anyio.fail_after(TIMEOUT * 4):
            async with self.root, self.tasks, self.steps:
                self.root.adopt(self.timers)
                self.root.adopt(self.journal)
                self.root.adopt(self.residency)
                if look:
                    await self.residency.looked()
                yield self

    async def submit(self, **fields: Any) -> str:
        number = next(self._numbers)
        task = make_task(
            **{"task_id": f"task-{number:03}", "owner": None, "wake_at": None, **fields}
        )
        await self.residency.submit(NewTask(task=task, plan=self.plans.plan))
        return task.task_id

    async def leave(self, **fields: Any) -> str:
        """Put a task into the store, as if a process had died over it."""
        task = make_task(**{"task_id": f"left-{next(self._numbers):03}", "owner": None, **fields})
        refused = await self.store.commit(
            [Append(task_id=task.task_id, epoch=1, seq=1, at=NOW, created=task)]
        )
        assert refused == [None]
        return task.task_id

    async def state_of(self, task_id: str) -> TaskState:
        return (await self.snapshot(task_id)).task.state

    async def snapshot(self, task_id: str) -> TaskSnapshot:
        snapshot = await MemoryStore.get_task(self.store, task_id)
        assert snapshot is not None
        return snapshot

    async def ended(self, task_id: str) -> TaskState:
        """Wait for a task to come to rest, with time standing still."""
        watch = self.residency.watchers.watch(task_id)
        snapshot = await MemoryStore.get_task(self.store, task_id)
        rest = {TaskState.COMPLETE, TaskState.ERROR, TaskState.CANCELLED}
        if snapshot is not None and snapshot.task.state in rest:
            return snapshot.task.state
        with anyio.fail_after(TIMEOUT):
            return (await watch.wait()).head.state

    def check_permits_are_back(self) -> None:
        statistics = self.permits.statistics()
        assert (statistics.in_use, statistics.waiting) == (0, 0)
        assert all(limiter.in_use == 0 for limiter in self.permits._limiters.values())


def failed(**error: Any) -> AttemptFailed:
    return AttemptFailed(error=ErrorRecord(**{"error_class": "E", "message": "m", **error}))


def append_for(task_id: str, seq: int = 1, **fields: Any) -> Append:
    created = make_task(task_id=task_id) if seq == 1 else None
    return msgspec.structs.replace(
        Append(task_id=task_id, epoch=1, seq=seq, at=NOW, created=created), **fields
    )
