"""What every store promises, in slices.

A sentence in a docstring here is a promise, and has a check in
``tasker.stores.contract``. Two promises hold for every method: it raises
`StoreClosedError` outside open/close, and `StoreUnavailableError` when the
database cannot be used, in which case nothing of the call is acknowledged and
the store stays usable for later calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from tasker.stores.errors import StoreError
from tasker.stores.leases import LeaseStore
from tasker.stores.outbox import OutboxStore
from tasker.stores.records import (
    AnnotationRecord,
    AnnotationTypeRecord,
    Append,
    AuditFilter,
    AuditPage,
    CommandRecord,
    DefinitionRecord,
    DependentSystemRecord,
    HistoryRecord,
    NamespaceRecord,
    NodeRecord,
    ObjectMapRecord,
    TaskFilter,
    TaskPage,
    TaskSnapshot,
    TaskState,
    Workload,
)
from tasker.stores.times import TimesPage


class JournalStore(Protocol):
    """Writes: whole appends, many at a time."""

    async def commit(self, appends: Sequence[Append]) -> list[StoreError | None]:
        """Record the appends in one transaction, and return when it is durable.

        Returns one entry for each append, in order: None when it is recorded, or
        the reason why this one was refused while the others were not. Refused are
        `StaleLeaseError` (epoch is not the task's current one, or the task is
        unknown), `AppendConflictError` (``seq`` is taken, or leaves a gap),
        `DuplicateIdentityError` (``created`` carries an identity that a task has;
        two of one batch: the first wins) and, where a database has such limits,
        `EncodingError` (a value in it that the database cannot hold). A refused
        append leaves no trace. A batch means what its appends would mean one after
        the other.

        An append is recorded whole: task head, details, steps (each replaces the record
        of its name), transitions, annotations, actions; an annotation's type that is not
        known is created. The namespace of a created task is created when absent.
        What it has ``outgoing`` is put into the outbox, in the order of the appends.
        When the call raises, none of the appends was acknowledged and all or none
        of them are recorded. A cancelled call has an unknown outcome.
        """

    async def probe(self) -> None:
        """Write and read back a small value durably; raise when that fails."""


class TransactionStore(Protocol):
    """Writes beside those of an application, in its own transaction."""

    async def commit_within(
        self, connection: object, append: Append, definition: DefinitionRecord | None
    ) -> None:
        """Create a task inside the transaction that a connection of the caller's has open.

        The task is there if and only if that transaction is committed, and nobody sees it
        before. Nothing is committed or rolled back here. ``definition`` is kept with it,
        None when it is already. ``append`` is a task's first one, and has no owner.

        Raises what `commit` gives for a refusal, and leaves the transaction as it was
        then; `TransactionError` when the connection is none of this store's database, or
        has no transaction, or when the store has none.
        """


class TaskReader(Protocol):
    """Reads of tasks. Whatever a commit acknowledged is seen by the next read."""

    async def get_task(self, task_id: str) -> TaskSnapshot | None:
        """Return the task with the steps that have a record, or None."""

    async def get_tasks(self, task_ids: Sequence[str]) -> list[TaskSnapshot]:
        """Return those of the tasks that there are, in any order, with one read.

        Each once, however often it is asked for; otherwise as `get_task`.
        """

    async def list_tasks(
        self, where: TaskFilter, *, cursor: str | None = None, limit: int = 50
    ) -> TaskPage:
        """Return a page of tasks by descending ``task_id``.

        Pages are stable: following ``next_cursor`` gives every task that existed
        at the first call and still matches exactly once, whatever is added.
        """

    async def count_tasks(self, where: TaskFilter) -> dict[TaskState, int]:
        """Return how many matching tasks are in each state; states with none are absent."""

    async def workload(self, now: float) -> Workload:
        """Return what is left to do at that instant, counted over the whole store.

        A task or step that is due exactly now is due. States of steps with none are absent.
        """

    async def history(
        self, task_id: str, *, after_seq: int = 0, limit: int = 10_000
    ) -> list[HistoryRecord]:
        """Return the transitions of appends after ``after_seq``, in order of happening.

        ``limit`` bounds the number of appends read, not of transitions.
        """

    async def annotations(self, task_id: str) -> list[AnnotationRecord]:
        """Return the task's annotations in order of being written."""

    async def annotations_of(self, task_ids: Sequence[str]) -> dict[str, list[AnnotationRecord]]:
        """Return the annotations of those of the tasks that have any, with one read.

        By task, each in order of being written.
        """


class StatisticsReader(Protocol):
    """Reads for figures over many tasks: a lean row of each, page by page."""

    async def task_times(
        self,
        where: TaskFilter,
        *,
        after: str = "",
        before: str | None = None,
        limit: int = 500,
    ) -> TimesPage:
        """Return the instants of matching tasks with ids above ``after``, ascending.

        Whatever a commit acknowledged is seen by the next page. ``before`` is
        exclusive; None for no bound. The cost of a page is bounded: it looks at
        ``limit`` tasks at most, whether they match or not, and ends with the task
        that brings its steps to `STEPS_A_TASK` times ``limit``. So it can be short,
        or empty, and not be the last one: ``next_cursor``, as ``after``, leads on,
        and following it gives every matching task that existed at the first call
        exactly once.

        Instants are rounded to whole microseconds, halves upwards. The failures of
        a task are the transitions of its steps to ``error``; they are read where
        some step of it has an error or a second attempt, and are empty elsewhere.
        """


class AuditReader(Protocol):
    """Reads of who asked for what."""

    async def audit(
        self, where: AuditFilter, *, cursor: str | None = None, limit: int = 50
    ) -> AuditPage:
        """Return a page of the actions of all tasks, those that were recorded last first.

        Those of one append are in reverse order of it. Pages are stable: following
        ``next_cursor`` gives every action that was recorded at the first call and
        matches exactly once. A cursor that is none gives an empty page.
        """


class ClaimStore(Protocol):
    """Who works the store, and who owns which task."""

    async def join(self, node: NodeRecord, *, lease_seconds: float = 15.0) -> int:
        """Become the one node that works this store, and free what others held.

        Where several may, see `LeaseStore.many_nodes`, it becomes one of them, with a lease
        of ``lease_seconds``. Else every task owned by another node loses its owner, its
        epoch unchanged, so that it can be claimed. Returns how many there were. The node
        that worked it before loses its leases of subscriptions. Raises
        `StoreInUseError`, naming the holder, while another live node works the
        store; a dead process holds nothing.
        """

    async def leave(self, node_id: str) -> None:
        """Give up working the store; free the tasks and subscriptions that the node still owns."""

    async def holder(self) -> NodeRecord | None:
        """Return the live node that works the store, or None."""

    async def claim_backlog(self, node_id: str, limit: int) -> list[TaskSnapshot]:
        """Own and return up to ``limit`` tasks with no owner and ``wake_at`` 0.

        Highest priority first, then oldest (lowest ``task_id``). Each claim raises
        the epoch by one; the snapshots carry the new epoch and owner. Durable
        before it returns.
        """

    async def claim_due(self, node_id: str, now: float, limit: int) -> list[TaskSnapshot]:
        """Own and return up to ``limit`` tasks with no owner and 0 < ``wake_at`` <= now.

        Earliest first; otherwise as `claim_backlog`.
        """

    async def claim_task(self, node_id: str, task_id: str) -> TaskSnapshot | None:
        """Own and return this task in whatever state, unless another node owns it.

        Returns None for an unknown task or one owned by another node.
        """

    async def next_wake_at(self) -> float | None:
        """Return the earliest ``wake_at`` above 0 among tasks with no owner, or None."""

    async def changed(self) -> bool:
        """Return whether another process left something to look for since the last call.

        That is a task without an owner, or a command; other writes of other processes may
        count too. Cheap enough to ask several times a second. The first call returns True.
        """

    def listen(self, tell: Callable[[], None]) -> None:
        """Have ``tell`` called, on the event loop, when it is worth asking `changed`.

        Sooner than one would ask, and without a promise: it may come for nothing, late or
        never. Called once, on an open store; it ends with `close`.
        """

    @property
    def hears(self) -> bool:
        """Whether other processes are heard just now, so that asking seldom will do."""


class CatalogStore(Protocol):
    """What is kept beside tasks."""

    async def put_definition(self, definition: DefinitionRecord) -> None:
        """Keep a definition; the first record of a hash stays."""

    async def get_definition(self, hash: str) -> DefinitionRecord | None:
        """Return the definition with this content hash, or None."""

    async def put_namespace(self, namespace: NamespaceRecord) -> None:
        """Create a namespace, or give an existing one the description if not empty."""

    async def namespaces(self) -> list[NamespaceRecord]:
        """Return the namespaces by name."""

    async def put_annotation_type(self, kind: AnnotationTypeRecord) -> None:
        """Create an annotation type, or give an existing one the description if not empty."""

    async def annotation_types(self) -> list[AnnotationTypeRecord]:
        """Return the annotation types by name."""


class SystemStore(Protocol):
    """Dependent systems, and the objects that two of them share."""

    async def put_system(self, system: DependentSystemRecord) -> None:
        """Create a dependent system, or give an existing one the description if not empty."""

    async def systems(self) -> list[DependentSystemRecord]:
        """Return the dependent systems by name."""

    async def find_or_create_object_map(self, wanted: ObjectMapRecord) -> ObjectMapRecord:
        """Return the map that joins these two objects, in whichever order it is kept.

        When there is none, create it in the given order, and the systems when
        they are absent. Two callers at once get the same map.
        """

    async def object_maps(self, system: str, remote_id: str) -> list[ObjectMapRecord]:
        """Return the maps that name this object on either side."""


class CommandStore(Protocol):
    """Operations asked for by other processes."""

    async def post_command(self, command: CommandRecord) -> None:
        """Leave a command for the engine that works this store."""

    async def waiting_commands(self, limit: int, node_id: str) -> list[CommandRecord]:
        """Return commands without an outcome that this node may do, oldest first.

        Where many nodes work the store, those for a task that another node owns are left
        out: they are for that one.
        """

    async def finish_command(self, command_id: str, outcome: bytes) -> None:
        """Record a command's outcome, a JSON object; the first outcome stays."""

    async def get_command(self, command_id: str) -> CommandRecord | None:
        """Return a command, or None."""

    async def prune_commands(self, before: float) -> int:
        """Delete finished commands created before ``before``; return how many."""


class Store(
    JournalStore,
    TransactionStore,
    TaskReader,
    StatisticsReader,
    AuditReader,
    ClaimStore,
    LeaseStore,
    CatalogStore,
    SystemStore,
    CommandStore,
    OutboxStore,
    Protocol,
):
    """A store: all the slices and a life."""

    @property
    def url(self) -> str:
        """The URL that it was made from, any password masked."""

    @property
    def shared(self) -> bool:
        """Whether other processes may write to it, so that `changed` is worth asking."""

    async def open(self) -> None:
        """Connect, and bring the schema to the current version.

        Raises `StoreVersionError` for a database of a newer version, and
        `ForeignDatabaseError` for one that is not ours, before anything is written.
        Safe to call twice. A closed store can be opened again.
        """

    async def close(self) -> None:
        """Finish what is being written, release everything. Safe to call twice."""
