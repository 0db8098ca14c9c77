"""What the task supervisors of a node share."""

from __future__ import annotations

from typing import Protocol

from tasker.actors.journal import Journal
from tasker.actors.lease import Lease, NoLease
from tasker.actors.permits import Permits
from tasker.actors.protocols import Clock, NoOutbox, Observer, Outbox, Runner
from tasker.actors.step import StepPool
from tasker.actors.timers import Timers
from tasker.actors.workflow.state import WorkflowState
from tasker.stores.protocols import TaskReader


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
    ``draining`` turns True at shutdown: nothing new starts. ``lease`` says whether this
    node may act for its tasks; where it does not, nothing starts and nothing is taken up.
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
        outbox: Outbox | None = None,
        lease: Lease | None = None,
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
        self.outbox: Outbox = outbox or NoOutbox()
        self.lease: Lease = lease or NoLease()
        self.passivate_after_seconds = passivate_after_seconds
        self.working = working
        self.draining = False
