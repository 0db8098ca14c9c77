"""The running parts of an engine, put together: the tree of actors over a store."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from typing import Self

import anyio
import msgspec

from tasker.actors.actor import Supervised
from tasker.actors.context import TaskContext
from tasker.actors.inbox import Inbox
from tasker.actors.journal import Journal
from tasker.actors.lease import KeptLease, steady_seconds
from tasker.actors.lease_keeper import LeaseKeeper
from tasker.actors.permits import Permits
from tasker.actors.protocols import Clock, Observer, Outbox, PlanSource, Runner
from tasker.actors.residency import Residency
from tasker.actors.step import StepPool
from tasker.actors.supervisor import Supervisor
from tasker.actors.system import ActorSystem
from tasker.actors.timers import Timers
from tasker.actors.workflow.messages import AnyOperation
from tasker.config import EngineConfig
from tasker.errors import NotHereError, StoreError, TaskerError, UnknownTaskError
from tasker.events.delivery import SubscriberStatistics
from tasker.events.notices import Notices
from tasker.governor import Governor, PressureGauge
from tasker.health.prober import Prober
from tasker.stores.protocols import Store
from tasker.stores.records import NodeRecord, TaskState
from tasker.telemetry.engine_log import logger
from tasker.telemetry.metrics.commits import MeasuredCommits
from tasker.telemetry.metrics.figures import Figures
from tasker.telemetry.task_log import LoggedCommits
from tasker.watchdog import Watchdog


class Runtime:
    """Opens the actors in the order in which they need each other, and closes them in reverse.

        engine
        ├── journal, timers, residency,           restarted when they fail
        │   inbox, prober
        ├── outbox                                who wants what of it, what can be deleted
        ├── subscribers                           one actor a subscriber of events
        ├── tasks                                 one supervisor a live task
        └── steps                                 one actor an attempt

    The order of closing: nothing new is taken up, steps finish or are handed
    back, then tasks, then subscribers, then the journal with what it still holds.
    """

    def __init__(
        self,
        *,
        store: Store,
        plans: PlanSource,
        runner: Runner,
        observer: Observer,
        outbox: Outbox,
        keeper: Supervised,
        notices: Notices,
        clock: Clock,
        config: EngineConfig,
        node: NodeRecord,
        working: bool,
        takes_up: bool = True,
    ) -> None:
        self._store = store
        self._node = node
        self._config = config
        self._clock = clock
        self._working = working
        self._stack = AsyncExitStack()
        self.system = ActorSystem("engine", on_failure=_log_failure)
        self.timers = Timers(clock)
        self.commits = MeasuredCommits(
            LoggedCommits(store, config.telemetry.slow_commit_seconds, time.monotonic),
            time.monotonic,
        )
        self.journal = Journal(
            self.commits,
            clock,
            capacity=config.journal_capacity,
            batch=config.journal_batch,
            on_health=lambda error: _tell_health(error, notices),
            on_fault=_log_failure,
        )
        bounds = config.concurrency
        self.permits = Permits(bounds.usual, self.timers, clock.now)
        self.watchdog = Watchdog()
        pressure = PressureGauge(self.journal, config.journal_batch, self.commits, self.watchdog)
        self.governor = Governor(
            self.permits,
            bounds,
            config.concurrency_cache_duration,
            pressure.measure,
            notices.limit_changed,
        )
        self.inbox = Inbox(store, clock, self.operate, node_id=node.node_id)
        self.prober = Prober(store)
        self._keeper = keeper
        self.subscribers = Supervisor("subscribers", on_failure=_log_failure)
        self._tasks = Supervisor("tasks", on_failure=_log_failure)
        self._steps = Supervisor("steps", on_failure=_log_failure)
        self.pool = StepPool(
            self._steps,
            runner=runner,
            permits=self.permits,
            timers=self.timers,
            clock=clock,
        )
        line = store.lease_line(config.lease_seconds) if working else None
        self.lease: KeptLease | None = None
        if line is not None:
            seconds = config.lease_seconds
            self.lease = KeptLease(line, node.node_id, seconds, lag=self.watchdog.lag)
        self.residency = Residency(
            store,
            self._tasks,
            plans,
            clock,
            self.timers,
            limit=config.max_resident_tasks,
            poll_seconds=config.poll_seconds if store.shared and working else None,
            takes_up=takes_up,
            on_trouble=_log_trouble,
            on_changed=self.inbox.nudge,
        )
        self.residency.context = TaskContext(
            journal=self.journal,
            reader=store,
            timers=self.timers,
            permits=self.permits,
            pool=self.pool,
            runner=runner,
            observer=observer,
            clock=clock,
            residents=self.residency,
            node_id=node.node_id,
            lease=self.lease,
            outbox=outbox,
            # What is let go of here would be taken up by somebody else.
            passivate_after_seconds=config.passivate_after_seconds if takes_up else math.inf,
            working=working,
        )
        self._lease_keeper = None
        if self.lease is not None:
            self._lease_keeper = LeaseKeeper(
                self.lease,
                self.residency,
                clock,
                node_id=node.node_id,
                join=self.join,
                drain_seconds=config.shutdown_seconds,
                tell=_tell_lease,
            )

    async def join(self) -> None:
        """Become a node that works the store; raises what `ClaimStore.join` raises."""
        since = steady_seconds()
        self._node = msgspec.structs.replace(self._node, started_at=self._clock.now())
        await self._store.join(self._node, lease_seconds=self._config.lease_seconds)
        if self.lease is not None:
            self.lease.begin(since)

    async def leave(self) -> None:
        """Give up working the store."""
        with anyio.CancelScope(shield=True):
            if self.lease is not None:
                await self.lease.end()
            await self._store.leave(self._node.node_id)

    async def operate(self, task_id: str, operation: AnyOperation) -> TaskState:
        """Do an operation on a task of this node; returns the task's state after it.

        Raises `NotHereError` when another node has it.
        """
        state = await self.residency.operate(task_id, operation)
        if state is None:
            if await self._store.get_task(task_id) is not None:
                raise NotHereError(task_id=task_id)
            raise UnknownTaskError(task_id=task_id)
        return state

    def figures(
        self,
        subscribers: Iterable[SubscriberStatistics],
        *,
        stream_dropped: int,
        telemetry_failures: Mapping[str, int],
    ) -> Figures:
        """Return how the parts and those who listen stand at this moment."""
        listening = tuple(subscribers)
        return Figures(
            tasks=self.residency.statistics(),
            mailboxes=self.residency.mailboxes(),
            journal=self.journal.statistics(),
            permits=self.permits.statistics(),
            concurrency=self.governor.statistics(),
            loop_lag_seconds=self.watchdog.lag(),
            dropped={each.name: each.dropped for each in listening if not each.durable},
            stream_dropped=stream_dropped,
            dead_lettered={each.name: each.dead_lettered for each in listening if each.durable},
            telemetry_failures=dict(telemetry_failures),
        )

    async def drain(self, seconds: float) -> None:
        """Start nothing more, and hand back what does not finish in time."""
        await self.residency.drain(seconds)

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self.system)
        root = self.system.root
        # Made anew they are the same objects: what they hold is worth keeping, and what
        # waits in their mailboxes is kept in any case.
        root.start(lambda: self.timers)
        root.start(lambda: self.journal)
        for branch in (self.subscribers, self._tasks, self._steps):
            await self.system.branch(branch)
        self._stack.callback(self.pool.force_all)
        self._stack.enter_context(self.watchdog)
        self._stack.enter_context(self.governor)
        root.start(lambda: self.residency)
        if self._working:
            # Commands are for whoever works the store: also those that this process leaves.
            root.start(lambda: self.inbox)
        root.start(lambda: self.prober)
        root.launch(self._keeper)
        if self._lease_keeper is not None:
            root.launch(self._lease_keeper)
        return self

    async def __aexit__(self, *exc: object) -> bool | None:
        try:
            return await self._stack.__aexit__(*exc)  # type: ignore[arg-type]
        finally:
            self.close()

    def close(self) -> None:
        """Take no more messages; what was never entered is let go of by this alone."""
        for actor in (self.timers, self.journal, self.residency, self.inbox, self.prober):
            actor.close()


def _log_failure(actor: str, error: Exception) -> None:
    logger.error("actor %s failed", actor, exc_info=error, extra={"actor": actor})


def _log_trouble(subject: str, what: str, error: Exception) -> None:
    logger.warning("%s: %s: %s", subject, what, error, exc_info=not isinstance(error, TaskerError))


def _tell_health(error: StoreError | None, notices: Notices) -> None:
    notices.health_changed(error)
    if error is None:
        logger.warning("the store can be written to again; work goes on")
    else:
        logger.error("the store failed, work stops until it recovers: %s", error)


def _tell_lease(error: Exception | None) -> None:
    if error is None:
        logger.warning("this node has a lease of the store again; work goes on")
    else:
        logger.error("%s", error)
