"""The reference: every promise of a store in the fewest words, kept in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from heapq import nsmallest
from typing import Any

import msgspec
from anyio.lowlevel import checkpoint
from msgspec.structs import asdict, replace

from tasker.stores.admission import Admission, Head, IdentityHolder, wanted_identities
from tasker.stores.errors import StoreError, StoreInUseError, TransactionError
from tasker.stores.matching import matches
from tasker.stores.memory_audit import MemoryAudit
from tasker.stores.memory_catalog import MemoryCatalog
from tasker.stores.memory_outbox import MemoryOutbox
from tasker.stores.memory_times import times_of
from tasker.stores.one_node import OneNode
from tasker.stores.records import (
    UNDONE,
    AnnotationRecord,
    AnnotationTypeRecord,
    Append,
    DefinitionRecord,
    HistoryRecord,
    NamespaceRecord,
    NodeRecord,
    StepRecord,
    StepState,
    TaskFilter,
    TaskPage,
    TaskRecord,
    TaskSnapshot,
    TaskState,
    TaskSummary,
    Transition,
    Workload,
)
from tasker.stores.times import STEPS_A_TASK, TaskTimes, TimesPage


class _Entry(msgspec.Struct):
    """All that is kept of one task."""

    task: TaskRecord
    steps: dict[str, StepRecord] = {}
    journal: list[tuple[float, tuple[Transition, ...]]] = []
    annotations: list[AnnotationRecord] = []

    @property
    def seq(self) -> int:
        return len(self.journal)

    @property
    def snapshot(self) -> TaskSnapshot:
        return TaskSnapshot(task=self.task, steps=tuple(self.steps.values()), seq=self.seq)


class MemoryStore(MemoryCatalog, MemoryAudit, MemoryOutbox, OneNode):
    """A store whose contents live as long as the object, across close and open."""

    def __init__(self) -> None:
        super().__init__()
        self._entries: dict[str, _Entry] = {}
        self._identities: dict[str, str] = {}
        # Tasks without an owner that want to be taken up some time. A claim looks
        # at these alone, so that finished tasks cost nothing.
        self._waiting: set[str] = set()
        self._node: NodeRecord | None = None
        self._former: str | None = None
        self._asked = False

    @property
    def shared(self) -> bool:
        """See `Store.shared`."""
        return False

    async def open(self) -> None:
        """See `Store.open`."""
        self._is_open = True
        self._asked = False

    async def close(self) -> None:
        """See `Store.close`."""
        self._is_open = False
        self._node = None

    # Journal

    async def commit(self, appends: Sequence[Append]) -> list[StoreError | None]:
        """See `JournalStore.commit`."""
        self._check_open()
        # The only point where a cancellation can land: before anything is recorded.
        await checkpoint()
        admission = self._admission(appends)
        refusals = admission.refusals(appends)
        for append, refusal in zip(appends, refusals, strict=True):
            if refusal is None:
                self._record(append)
        return refusals

    async def commit_within(
        self, connection: object, append: Append, definition: DefinitionRecord | None
    ) -> None:
        """See `TransactionStore.commit_within`: there is nothing to be in one transaction with."""
        self._check_open()
        raise TransactionError(url=self.url, reason="a store in memory has no transactions")

    async def probe(self) -> None:
        """See `JournalStore.probe`."""
        self._check_open()
        await checkpoint()

    def _admission(self, appends: Sequence[Append]) -> Admission:
        known = {append.task_id: self._entries.get(append.task_id) for append in appends}
        holders = {
            identity: self._entries[self._identities[identity]].task
            for identity in wanted_identities(appends)
            if identity in self._identities
        }
        return Admission(
            heads={
                task_id: Head(entry.task.epoch, entry.seq)
                for task_id, entry in known.items()
                if entry is not None
            },
            identities={
                identity: IdentityHolder(task.task_id, task.created_at)
                for identity, task in holders.items()
            },
            freed=set(),
        )

    def _record(self, append: Append) -> None:
        if append.created is not None:
            self._create(append.created, append.at)
        entry = self._entries[append.task_id]
        entry.journal.append((append.at, append.transitions))
        for step in append.steps:
            entry.steps[step.name] = step
        entry.annotations.extend(append.annotations)
        for annotation in append.annotations:
            self._annotation_types.setdefault(
                annotation.type, AnnotationTypeRecord(name=annotation.type)
            )
        if append.task is not None:
            self._put(replace(entry.task, **asdict(append.task)))
        if append.actions:
            self._keep_actions(entry.task, append)
        if append.details is not None:
            self._put(replace(entry.task, **asdict(append.details)))
        if append.outgoing is not None:
            self._send(append.task_id, append.outgoing, append.at)

    def _create(self, task: TaskRecord, at: float) -> None:
        self._entries[task.task_id] = _Entry(task)
        self._put(task)
        self._namespaces.setdefault(
            task.namespace, NamespaceRecord(name=task.namespace, created_at=at)
        )
        if task.identity is not None:
            # Whoever still has the identity was found to be expired.
            former = self._identities.get(task.identity)
            if former is not None:
                self._put(replace(self._entries[former].task, identity=None))
            self._identities[task.identity] = task.task_id

    def _put(self, task: TaskRecord) -> TaskSnapshot:
        """Keep a task's record, and whether it waits to be taken up."""
        entry = self._entries[task.task_id]
        entry.task = task
        if task.owner is None and task.wake_at is not None:
            self._waiting.add(task.task_id)
        else:
            self._waiting.discard(task.task_id)
        return entry.snapshot

    # Reads

    async def get_task(self, task_id: str) -> TaskSnapshot | None:
        """See `TaskReader.get_task`."""
        self._check_open()
        entry = self._entries.get(task_id)
        return None if entry is None else entry.snapshot

    async def get_tasks(self, task_ids: Sequence[str]) -> list[TaskSnapshot]:
        """See `TaskReader.get_tasks`."""
        self._check_open()
        return [
            self._entries[task_id].snapshot
            for task_id in dict.fromkeys(task_ids)
            if task_id in self._entries
        ]

    async def list_tasks(
        self, where: TaskFilter, *, cursor: str | None = None, limit: int = 50
    ) -> TaskPage:
        """See `TaskReader.list_tasks`."""
        self._check_open()
        below = [task for task in self._matching(where) if cursor is None or task.task_id < cursor]
        below.sort(key=lambda task: task.task_id, reverse=True)
        page = tuple(_summary(task) for task in below[:limit])
        return TaskPage(
            tasks=page, next_cursor=page[-1].task_id if page and len(below) > limit else None
        )

    async def count_tasks(self, where: TaskFilter) -> dict[TaskState, int]:
        """See `TaskReader.count_tasks`."""
        self._check_open()
        return dict(Counter(task.state for task in self._matching(where)))

    async def workload(self, now: float) -> Workload:
        """See `TaskReader.workload`."""
        self._check_open()
        unowned = self._unowned()
        ready = [task.created_at for task in unowned if (task.wake_at or 0.0) <= now]
        steps = [
            step
            for entry in self._entries.values()
            if entry.task.state in UNDONE
            for step in entry.steps.values()
        ]
        retries = [
            step.retry_at
            for step in steps
            if step.state is StepState.ERROR and step.retry_at is not None
        ]
        return Workload(
            ready_tasks=len(ready),
            oldest_ready_at=min(ready, default=None),
            sleeping_tasks=len(unowned) - len(ready),
            steps=dict(Counter(step.state for step in steps)),
            retryable=len(retries),
            in_backoff=sum(at > now for at in retries),
        )

    async def history(
        self, task_id: str, *, after_seq: int = 0, limit: int = 10_000
    ) -> list[HistoryRecord]:
        """See `TaskReader.history`."""
        self._check_open()
        entry = self._entries.get(task_id)
        if entry is None:
            return []
        appends = enumerate(entry.journal[after_seq : after_seq + limit], start=after_seq + 1)
        return [
            HistoryRecord(seq=seq, at=at, **asdict(transition))
            for seq, (at, transitions) in appends
            for transition in transitions
        ]

    async def annotations(self, task_id: str) -> list[AnnotationRecord]:
        """See `TaskReader.annotations`."""
        self._check_open()
        entry = self._entries.get(task_id)
        return [] if entry is None else list(entry.annotations)

    async def annotations_of(self, task_ids: Sequence[str]) -> dict[str, list[AnnotationRecord]]:
        """See `TaskReader.annotations_of`."""
        self._check_open()
        return {
            task_id: list(entry.annotations)
            for task_id in task_ids
            if (entry := self._entries.get(task_id)) is not None and entry.annotations
        }

    # Statistics

    async def task_times(
        self,
        where: TaskFilter,
        *,
        after: str = "",
        before: str | None = None,
        limit: int = 500,
    ) -> TimesPage:
        """See `StatisticsReader.task_times`."""
        self._check_open()
        ids = (
            task_id
            for task_id in self._entries
            if task_id > after and (before is None or task_id < before)
        )
        looked = nsmallest(limit, ids)
        found: list[TaskTimes] = []
        steps = 0
        for number, task_id in enumerate(looked, start=1):
            entry = self._entries[task_id]
            if matches(entry.task, where, entry.annotations):
                found.append(times_of(entry.task, entry.steps.values(), entry.journal))
                steps += len(entry.steps)
            if steps >= limit * STEPS_A_TASK and number < len(looked):
                return TimesPage(tasks=tuple(found), next_cursor=task_id)
        more = len(looked) == limit
        return TimesPage(tasks=tuple(found), next_cursor=looked[-1] if more else None)

    def _matching(self, where: TaskFilter) -> list[TaskRecord]:
        return [
            entry.task
            for entry in self._entries.values()
            if matches(entry.task, where, entry.annotations)
        ]

    # Claims

    async def join(self, node: NodeRecord, *, lease_seconds: float = 15.0) -> int:
        """See `ClaimStore.join`."""
        self._check_open()
        if self._node is not None and self._node.node_id != node.node_id:
            raise StoreInUseError(url=self.url, holder=str(self._node))
        if self._former is not None and self._former != node.node_id:
            self._free_leases(self._former)
        self._node, self._former = node, node.node_id
        return self._free(lambda owner: owner != node.node_id)

    async def leave(self, node_id: str) -> None:
        """See `ClaimStore.leave`."""
        self._check_open()
        if self._node is not None and self._node.node_id == node_id:
            self._node = None
        self._free(lambda owner: owner == node_id)
        self._free_leases(node_id)

    async def holder(self) -> NodeRecord | None:
        """See `ClaimStore.holder`."""
        self._check_open()
        return self._node

    async def _owned(self) -> int:
        return sum(entry.task.owner is not None for entry in self._entries.values())

    async def claim_backlog(self, node_id: str, limit: int) -> list[TaskSnapshot]:
        """See `ClaimStore.claim_backlog`."""
        self._check_open()
        waiting = (task for task in self._unowned() if task.wake_at == 0)
        first = nsmallest(limit, waiting, key=lambda task: (-task.priority, task.task_id))
        return [self._claim(task, node_id) for task in first]

    async def claim_due(self, node_id: str, now: float, limit: int) -> list[TaskSnapshot]:
        """See `ClaimStore.claim_due`."""
        self._check_open()
        due = ((at, task) for at, task in self._timers() if at <= now)
        first = nsmallest(limit, due, key=lambda timer: (timer[0], timer[1].task_id))
        return [self._claim(task, node_id) for _, task in first]

    async def claim_task(self, node_id: str, task_id: str) -> TaskSnapshot | None:
        """See `ClaimStore.claim_task`."""
        self._check_open()
        entry = self._entries.get(task_id)
        if entry is None or entry.task.owner not in (None, node_id):
            return None
        return self._claim(entry.task, node_id)

    async def next_wake_at(self) -> float | None:
        """See `ClaimStore.next_wake_at`."""
        self._check_open()
        return min((at for at, _ in self._timers()), default=None)

    async def changed(self) -> bool:
        """See `ClaimStore.changed`: no other process reaches this memory."""
        self._check_open()
        first, self._asked = not self._asked, True
        return first

    def listen(self, tell: Callable[[], None]) -> None:
        """See `ClaimStore.listen`: there is nobody to hear."""

    @property
    def hears(self) -> bool:
        """See `ClaimStore.hears`."""
        return False

    def _claim(self, task: TaskRecord, node_id: str) -> TaskSnapshot:
        return self._put(replace(task, owner=node_id, epoch=task.epoch + 1))

    def _free(self, held: Callable[[str], bool]) -> int:
        """Take the owner from every task whose owner satisfies ``held``."""
        owned = [
            entry.task
            for entry in self._entries.values()
            if entry.task.owner is not None and held(entry.task.owner)
        ]
        for task in owned:
            self._put(replace(task, owner=None))
        return len(owned)

    def _unowned(self) -> list[TaskRecord]:
        return [self._entries[task_id].task for task_id in self._waiting]

    def _timers(self) -> list[tuple[float, TaskRecord]]:
        return [(task.wake_at, task) for task in self._unowned() if task.wake_at]


def _summary(task: TaskRecord) -> TaskSummary:
    fields: dict[str, Any] = {name: getattr(task, name) for name in TaskSummary.__struct_fields__}
    return TaskSummary(**fields)
