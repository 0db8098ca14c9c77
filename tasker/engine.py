"""The engine: open it, submit to it, wait for what it did."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self

import anyio

import tasker
from tasker.actors.clock import SystemClock
from tasker.actors.protocols import Clock, Witness
from tasker.actors.workflow.messages import AnyOperation
from tasker.catalog import Catalog
from tasker.closing import told_only
from tasker.config import EngineConfig
from tasker.definition_shelf import DefinitionShelf
from tasker.definitions.definition import Definition
from tasker.errors import EngineClosedError, NotHereError, TaskerError
from tasker.events.announcer import Announcer
from tasker.events.bus import EventBus
from tasker.events.durable import DurableDelivery
from tasker.events.exports import Exports
from tasker.events.keeper import OutboxKeeper
from tasker.events.kept import KeptEvents
from tasker.events.known import EventCatalog
from tasker.events.notices import Notices
from tasker.events.outbox import EventOutbox
from tasker.events.registrations import Registrations
from tasker.events.subscriber import BaseSubscriber
from tasker.events.subscribers import Subscribers
from tasker.events.subscriptions import Subscribing, subscribe_all
from tasker.handlers.binding import BoundDefinition
from tasker.handlers.runner import HandlerRunner
from tasker.health.readiness import ReadinessChecker
from tasker.health.status import StatusReader
from tasker.identity import Identity
from tasker.ids import IdFactory
from tasker.listening import Listening
from tasker.monitored import Monitored
from tasker.operator import Operator
from tasker.readable import Readable
from tasker.reading import Reading
from tasker.registry import Registry
from tasker.remote import operate_remotely
from tasker.runtime import Runtime
from tasker.sources import Source, bind_sources
from tasker.stores.protocols import Store
from tasker.stores.records import ErrorRecord, NodeRecord, TaskState
from tasker.stores.urls import make_store
from tasker.submission import Submission
from tasker.submitting import Submitting
from tasker.subscriptions import Subscriptions
from tasker.telemetry.engine_log import logger
from tasker.telemetry.masking import Masker
from tasker.telemetry.metrics.counting import TaskCounts
from tasker.telemetry.metrics.figures import Figures
from tasker.telemetry.metrics.metrics import Metrics
from tasker.telemetry.observers import Observers
from tasker.telemetry.task_log import TaskLog
from tasker.telemetry.tracing import make_tracing

if TYPE_CHECKING:
    from tasker.telemetry.otel import TracerProvider

STORE_VARIABLE = "TASKER_STORE"
REMOTE_SECONDS = 15.0
"""How long the engine that works the store has to answer an operation."""


class Engine(Submitting, Operator, Readable, Listening, Monitored):
    """A workflow engine over a store, inside this process.

    Make one with `Engine.open` and use it as an async context manager. Leaving it
    drains: running steps get ``shutdown_seconds`` to finish, the rest is handed
    back to the store and taken up at the next start. Engines share nothing: two
    in one process never meet.
    """

    def __init__(
        self,
        store: Store,
        *,
        registry: Registry[BoundDefinition],
        config: EngineConfig,
        clock: Clock,
        ids: IdFactory | None = None,
        work: bool,
        recover: bool = True,
        tracer_provider: TracerProvider | None = None,
    ) -> None:
        self.config = config
        self.registry = registry
        self._store = store
        self._clock = clock
        self._work = work
        self._recover = recover
        self._stack = AsyncExitStack()
        self._open = False
        self._node_id = str(uuid.uuid4())
        self._traces = make_tracing(
            config.telemetry, tracer_provider, clock=clock, node_id=self._node_id
        )
        self._events = EventBus(clock, self._node_id, config.analysis)
        self.event_catalog = EventCatalog(
            lambda: (each for bound in registry.list() for each in bound.declared_events())
        )
        self._outbox = EventOutbox()
        self._keeper = OutboxKeeper(
            self._outbox,
            store,
            clock,
            retention_seconds=config.outbox_retention_seconds,
            shared=store.shared,
        )
        self._subscribers = Subscribers(
            self._events, self.event_catalog, self._outbox, self._deliver_durably
        )
        self.subscriptions = Subscriptions(
            store, clock, forget=self._subscribers.forget, nudge=self._outbox.nudge
        )
        self._announcer = Announcer(self._events)
        self._registrations = Registrations(self._announcer)
        registry.observer = self._registrations
        self._shelf = DefinitionShelf(
            registry, store, config.backoff, masking=config.telemetry.masking, runs=work
        )
        self._runner = HandlerRunner(
            self._shelf.bound_for,
            clock=clock,
            result_limit=config.max_result_bytes,
            threads=config.max_worker_threads,
            processes=config.max_worker_processes,
            hook_failed=_log_hook,
            events=self._events,
            registered=self.event_catalog.registered,
            masking=config.telemetry.masking,
            correlation_header=config.telemetry.correlation_id_header,
            traces=self._traces,
        )
        identity = Identity(config)
        telemetry = config.telemetry
        self._counts = TaskCounts(telemetry.metrics_buckets) if telemetry.metrics_enabled else None
        self._runtime = self._new_runtime(working=work)
        self._reading = Reading(store, self._shelf, clock, self._runtime.residency.resident)
        self._submission = Submission(
            registry=registry,
            shelf=self._shelf,
            residency=self._runtime.residency,
            runner=self._runner,
            config=config,
            identity=identity,
            clock=clock,
            ids=ids or IdFactory(clock),
            traces=self._traces,
        )
        self._watch(self._runtime)
        self.catalog = Catalog(store, clock)

    @classmethod
    def open(
        cls,
        url: str | Store | None = None,
        *,
        definitions: Source | Iterable[Source] = (),
        subscribers: Subscribing | Iterable[Subscribing] = (),
        config: EngineConfig | None = None,
        clock: Clock | None = None,
        ids: IdFactory | None = None,
        environment: str | None = None,
        environ: Mapping[str, str] | None = None,
        work: bool = True,
        recover: bool = True,
        tracer_provider: TracerProvider | None = None,
    ) -> Self:
        """Return an engine on a store, for ``async with``.

        Args:
            url: ``sqlite:///orders.db``, ``memory://``, or a `Store`; None for that of the
                variable TASKER_STORE.
            definitions: Where its definitions are: YAML files or directories,
                definitions made with `define`, or several of them.
            subscribers: Who hears its events: `BaseSubscriber` classes or objects, YAML
                files or directories of them.
            config: The settings.
            clock: The time; the machine's when None.
            ids: What names new tasks; chance when None.
            environment: Which ``environments`` of the YAML files hold; by default
                that of the variable TASKER_ENV.
            environ: The values of the placeholders in YAML files and in
                configurations; the process's environment when None.
            work: False for a process that submits, reads and operates, and leaves
                the work to the engine that works the store.
            recover: False to leave what waits in the store there, and to work only
                the tasks submitted here, and those named to `take_up`.
            tracer_provider: Has spans made of the work, by this provider of the
                OpenTelemetry SDK; ``config.telemetry.traces`` takes the global one.

        Raises:
            DefinitionError: With everything that is wrong in the definitions, or in the
                files of subscribers.
            SubscriberError: A subscriber cannot hear what it asks for.
            StoreUrlError: The URL names no store, or there is none.
            MissingExtraError: Traces are asked for, and the extra ``otel`` is absent.
            ValueError: The tracer provider is not of the SDK.

        Entering it raises `StoreInUseError` when another engine works the store,
        `StoreVersionError` for a database of a newer version, and
        `StoreUnavailableError` when it cannot be opened.
        """
        config = config or EngineConfig()
        registry: Registry[BoundDefinition] = Registry()
        for bound in bind_sources(
            definitions,
            environment=environment,
            environ=environ,
            backoff=config.backoff,
            masking=config.telemetry.masking,
        ):
            registry.register(bound)
        if url is None:
            url = (os.environ if environ is None else environ).get(STORE_VARIABLE, "")
        store = make_store(url) if isinstance(url, str) else url
        engine = cls(
            store,
            registry=registry,
            config=config,
            clock=clock or SystemClock(),
            ids=ids,
            work=work,
            recover=recover,
            tracer_provider=tracer_provider,
        )
        subscribe_all(engine.subscribe, subscribers, environ=environ)
        return engine

    def register(
        self, definitions: Source | Iterable[Source], *, replace: bool = False
    ) -> tuple[Definition, ...]:
        """Register more definitions; tasks that run keep the one they started with.

        Raises:
            DefinitionError: With everything that is wrong in them.
            DefinitionConflictError: One is registered differently, and not ``replace``.
        """
        try:
            bound = bind_sources(
                definitions, backoff=self.config.backoff, masking=self.config.telemetry.masking
            )
            for each in bound:
                self.registry.register(each, replace=replace)
        except TaskerError as error:
            self._registrations.refused(error)
            raise
        return tuple(each.definition for each in bound)

    @property
    def works(self) -> bool:
        """Whether tasks run here; else they are left to the engine that works the store."""
        return self._work

    def keep_events(self, name: str, events: Iterable[str]) -> KeptEvents:
        """Return the events of decisions that the store is to keep under a name.

        They are kept from its ``begin`` on, until `tasker.subscriptions.Subscriptions.remove`.
        """
        return KeptEvents(
            name,
            events,
            store=self._store,
            outbox=self._outbox,
            clock=self._clock,
            owner=self._node_id,
        )

    # Its life

    async def __aenter__(self) -> Self:
        self._stack.callback(self._runtime.close)
        try:
            await self._store.open()
            self._stack.push_async_callback(self._store.close)
            if self._work:
                await self._runtime.join()
                self._stack.push_async_callback(self._runtime.leave)
            await self._stack.enter_async_context(self._runner)
            self._announcer.open()
            await self._subscribers.declare()
            await self._keeper.look()
            await self._stack.enter_async_context(self._runtime)
            self._subscribers.open(self._runtime.subscribers)
            if self._work:
                await self.catalog.declare(self.registry)
                await self._runtime.residency.looked()
                self._log_recovery()
        except BaseException:
            with told_only(), anyio.CancelScope(shield=True):
                await self._stack.aclose()
            raise
        self._open = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        self._open = False
        if isinstance(error, anyio.get_cancelled_exc_class()):
            handled = None
            with told_only():
                handled = await self._stack.__aexit__(kind, error, traceback)
            return handled
        with told_only() if error is not None else nullcontext():
            await self._close(self.config.shutdown_seconds if error is None else 0.0)
        return None

    # Behind it

    def _log_recovery(self) -> None:
        taken_up = self._runtime.residency.statistics().resident
        if taken_up:
            logger.info(
                "took up %d tasks that were in the store", taken_up, extra={"tasks": taken_up}
            )

    def _new_runtime(self, *, working: bool) -> Runtime:
        witnesses: dict[str, Witness] = {"outbox": self._outbox, "log": TaskLog()}
        if self._counts is not None:
            witnesses["metrics"] = self._counts
        if self._traces is not None:
            witnesses["traces"] = self._traces
            self._stack.callback(self._traces.close)
        masker = Masker(rules=self.config.telemetry.masking)
        self._notices = Notices(self._events, masker)
        self._exports = Exports(self._announcer, masker)
        self._observers = Observers("events", self._events, **witnesses)
        return Runtime(
            store=self._store,
            plans=self._shelf,
            runner=self._runner,
            observer=self._observers,
            outbox=self._outbox,
            keeper=self._keeper,
            notices=self._notices,
            clock=self._clock,
            config=self.config,
            node=NodeRecord(
                node_id=self._node_id,
                host=socket.gethostname(),
                pid=os.getpid(),
                started_at=self._clock.now(),
                version=tasker.__version__,
            ),
            working=working,
            takes_up=self._recover,
        )

    def _deliver_durably(self, subscriber: BaseSubscriber) -> DurableDelivery:
        return DurableDelivery(
            subscriber,
            outbox=self._outbox,
            store=self._store,
            clock=self._clock,
            owner=self._node_id,
            poll_seconds=self.config.poll_seconds if self._store.shared else None,
        )

    def _watch(self, runtime: Runtime) -> None:
        def figures() -> Figures:
            failures = dict(self._observers.failures)
            failures["outbox"] += self._outbox.failures
            return runtime.figures(
                self._subscribers.statistics(),
                stream_dropped=self._events.stream_dropped,
                telemetry_failures=failures,
            )

        self.metrics = Metrics(self._counts, runtime.commits, figures, self._clock, self._exports)
        self._readiness = ReadinessChecker(
            self.config.health,
            prober=runtime.prober,
            journal=runtime.journal,
            watchdog=runtime.watchdog,
            tell=self._notices.ready_changed,
        )
        self._status = StatusReader(
            self.config.health,
            reader=self._store,
            clock=self._clock,
            figures=figures,
            trouble=lambda: self.health().trouble,
        )

    async def _close(self, drain_seconds: float) -> None:
        try:
            self._events.release()
            await self._runtime.drain(drain_seconds)
            await self._subscribers.drain(self.config.subscriber_drain_seconds)
        except anyio.get_cancelled_exc_class() as cut_short:
            # Whoever closes us would rather not wait: everything below still ends.
            with told_only():
                await self._stack.__aexit__(type(cut_short), cut_short, cut_short.__traceback__)
            raise
        # Not told of the caller's error: the task groups below would hand it back
        # inside an ExceptionGroup.
        await self._stack.__aexit__(None, None, None)

    @asynccontextmanager
    async def _held(self) -> AsyncIterator[None]:
        """Hold the store for as long as something is done."""
        await self._runtime.join()
        try:
            yield
        except BaseException:
            with told_only():
                await self._runtime.leave()
            raise
        await self._runtime.leave()

    async def _operate(self, task_id: str, operation: AnyOperation) -> TaskState:
        self._check_open("operate on a task")
        if self._work:
            with suppress(NotHereError):
                return await self._runtime.operate(task_id, operation)
        if self._work or await self._store.holder() is not None:
            return await operate_remotely(
                self._store, self._clock, task_id, operation, timeout_seconds=REMOTE_SECONDS
            )
        # Nobody works the store: hold it for as long as the operation takes.
        async with self._held():
            return await self._runtime.operate(task_id, operation)

    async def drain_node(self, node_id: str) -> bool:
        """Have a node hand its tasks to others and take no more; return whether there is one.

        It goes on answering, until it is stopped. Only where several nodes work the store.
        """
        self._check_open("drain a node")
        return await self._store.drain_node(node_id)

    def _size_limit(self) -> int:
        return self.config.max_context_bytes

    def _check_open(self, operation: str) -> None:
        if not self._open:
            raise EngineClosedError(operation=operation)


def _log_hook(task_id: str, hook: str, error: ErrorRecord) -> None:
    logger.warning(
        "task %s: %s failed, and the task goes on without it: %s: %s",
        task_id,
        hook,
        error.error_class,
        error.message,
        extra={"task_id": task_id, "hook": hook, "error_class": error.error_class},
    )
