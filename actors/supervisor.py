"""Who starts actors, and what happens when one fails."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Any

import anyio
from anyio.abc import TaskGroup
from msgspec import Struct

from tasker.actors.actor import Actor, Supervised
from tasker.actors.errors import RestartLimitError
from tasker.actors.mailbox import MailboxStatistics
from tasker.actors.ref import ActorRef

TEARDOWN_SECONDS = 5.0
MOST_IDLE_HOSTS = 1_024
"""Coroutines that are kept for children to come, though they have none to run."""


class Restart(Enum):
    """When an actor that ended is started again."""

    PERMANENT = "permanent"
    """Always, unless its supervisor stops."""
    TRANSIENT = "transient"
    """After a failure, not after an end of its own."""
    TEMPORARY = "temporary"
    """Never; a failure is reported, and that is all."""


class Strategy(Enum):
    """Which children are started again when one fails."""

    ONE_FOR_ONE = "one_for_one"
    ONE_FOR_ALL = "one_for_all"
    REST_FOR_ONE = "rest_for_one"
    """The one that failed, and those that were started after it."""


class ActorDescription(Struct, frozen=True, kw_only=True):
    """One actor, or supervisor, as the tree shows it. ``age_seconds`` is since its start."""

    name: str
    kind: str
    state: str
    restarts: int
    age_seconds: float
    mailbox: MailboxStatistics | None
    children: tuple[ActorDescription, ...] = ()


class _Child:
    """A running actor, and how to make it anew."""

    __slots__ = (
        "actor",
        "cancels",
        "ended",
        "factory",
        "first",
        "group_restart",
        "on_failure",
        "restart",
        "restarts",
        "scope",
        "started_at",
        "state",
        "task",
    )

    def __init__(
        self,
        actor: Supervised,
        factory: Callable[[], Supervised] | None,
        restart: Restart,
        on_failure: Callable[[Exception], None] | None,
    ) -> None:
        self.actor = self.first = actor
        self.factory = factory
        self.restart = restart
        self.on_failure = on_failure
        self.restarts = 0
        # What may come back is cancelled by a scope: its host's task lives on with it.
        once = actor.cancelled_once and factory is None
        self.scope: anyio.CancelScope | None = None if once else anyio.CancelScope()
        self.task: asyncio.Task[Any] | None = None
        self.cancels = 0
        self.started_at = 0.0
        self.state = "starting"
        self.group_restart = False
        self.ended: anyio.Event | None = None

    def cancel(self) -> None:
        """Cancel what runs, or keep it from running."""
        self.cancels += 1
        if self.scope is not None:
            self.scope.cancel()
        elif self.task is not None:
            self.task.cancel()


class Supervisor:
    """Runs actors in a task group of its own, and restarts those that fail.

    More than ``max_restarts`` restarts within ``within_seconds`` end the
    supervisor with `RestartLimitError`, which its own owner has to deal with.
    Use it as an async context manager: leaving it stops the children in the
    reverse order of their start.
    """

    def __init__(
        self,
        name: str,
        *,
        strategy: Strategy = Strategy.ONE_FOR_ONE,
        max_restarts: int = 5,
        within_seconds: float = 10.0,
        on_failure: Callable[[str, Exception], None] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._monotonic = monotonic
        self._strategy = strategy
        self._max_restarts = max_restarts
        self._within = within_seconds
        self._on_failure = on_failure
        self._children: dict[Supervised, _Child] = {}
        # By the actor that was started first.
        self._restarts: deque[float] = deque()
        self._group: TaskGroup | None = None
        self._closing = False
        self._began = monotonic()
        self._supervisors: list[Supervisor] = []
        self._idle: list[asyncio.Future[_Child]] = []

    async def __aenter__(self) -> Supervisor:
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        return self

    async def __aexit__(self, *exc: Any) -> bool | None:
        self._closing = True
        assert self._group is not None
        if exc[0] is None:
            with anyio.CancelScope(shield=True):
                for child in reversed(list(self._children.values())):
                    await self._stop(child)
        self._group.cancel_scope.cancel()
        if isinstance(exc[1], Exception):
            # An error of the body is not the children's: it comes out as it is, not in a group.
            await self._group.__aexit__(None, None, None)
            return None
        return await self._group.__aexit__(*exc)

    def start(
        self,
        factory: Callable[[], Actor],
        *,
        restart: Restart = Restart.PERMANENT,
    ) -> ActorRef:
        """Start an actor that can be made anew after a failure; return its address."""
        actor = factory()
        self._launch(_Child(actor, factory, restart, None))
        return actor.ref

    def adopt(
        self, actor: Actor, *, on_failure: Callable[[Exception], None] | None = None
    ) -> ActorRef:
        """Start an actor that is not restarted; ``on_failure`` hears why it ended."""
        self.launch(actor, on_failure=on_failure)
        return actor.ref

    def launch(
        self, supervised: Supervised, *, on_failure: Callable[[Exception], None] | None = None
    ) -> None:
        """Start something without a mailbox; it is not restarted either."""
        self._launch(_Child(supervised, None, Restart.TEMPORARY, on_failure))

    def attach(self, supervisor: Supervisor) -> None:
        """Show another supervisor below this one in the tree."""
        self._supervisors.append(supervisor)

    def cancel(self, supervised: Supervised) -> None:
        """Cancel what was started as this at once; it is not restarted."""
        child = self._children.get(supervised)
        if child is not None:
            child.restart = Restart.TEMPORARY
            child.cancel()

    def __len__(self) -> int:
        return len(self._children)

    def describe(self, limit: int = 100) -> ActorDescription:
        """Return the tree below, at most ``limit`` children of each supervisor."""
        now = self._monotonic()
        children = [
            ActorDescription(
                name=child.actor.name,
                kind=type(child.actor).__name__,
                state=child.state,
                restarts=child.restarts,
                age_seconds=now - child.started_at,
                mailbox=child.actor.mailbox_statistics(),
            )
            for child in list(self._children.values())[:limit]
        ]
        return ActorDescription(
            name=self.name,
            kind="Supervisor",
            state="stopping" if self._closing else "running",
            restarts=len(self._restarts),
            age_seconds=now - self._began,
            mailbox=None,
            children=(*children, *(below.describe(limit) for below in self._supervisors)),
        )

    def _launch(self, child: _Child) -> None:
        assert self._group is not None, "a supervisor starts actors only while it is entered"
        child.started_at = self._monotonic()
        self._children[child.first] = child
        if self._closing:
            # Too late to run: it lets go of what it holds, and that is all.
            self._forget(child)
            return
        while self._idle:
            seat = self._idle.pop()
            if not seat.done():
                seat.set_result(child)
                return
        self._group.start_soon(self._host, child)

    async def _host(self, child: _Child) -> None:
        """Run children, one after the other: a coroutine costs more to start than to keep."""
        loop = asyncio.get_running_loop()
        host = asyncio.current_task(loop)
        while True:
            if child.scope is None:
                await self._live_once(child, host)
            else:
                await self._supervise(child)
            if self._closing or len(self._idle) >= MOST_IDLE_HOSTS:
                return
            # Or a host that waits would keep alive what it ran last.
            del child
            seat: asyncio.Future[_Child] = loop.create_future()
            self._idle.append(seat)
            try:
                child = await seat
            except BaseException:
                if seat.done() and not seat.cancelled():
                    self._forget(seat.result())
                raise

    async def _live_once(self, child: _Child, host: asyncio.Task[Any] | None) -> None:
        """Run a child that has one life and no scope, cancelled through its host's task."""
        if self._closing or child.cancels:
            self._forget(child)
            return
        child.state = "running"
        child.task = host
        try:
            await child.actor.run()
        except asyncio.CancelledError:
            if child.cancels == 0:
                raise
        except Exception as error:
            self._report(child, error)
        finally:
            self._let_go(child)
            self._forget(child)

    def _let_go(self, child: _Child) -> None:
        """Give the host's task back as it was."""
        task, child.task = child.task, None
        if task is not None and child.cancels:
            for _ in range(child.cancels):
                # The cancellation was the child's, not its host's.
                task.uncancel()

    async def _supervise(self, child: _Child) -> None:
        """Run a child until it ends for good."""
        try:
            while True:
                failure = await self._live(child)
                if failure is not None:
                    self._report(child, failure)
                if not self._comes_back(child, failure):
                    return
                self._count_restart(child)
                self._renew(child)
        finally:
            self._forget(child)

    def _forget(self, child: _Child) -> None:
        child.state = "stopped"
        self._children.pop(child.first, None)
        child.actor.close()
        if child.ended is not None:
            child.ended.set()

    async def _live(self, child: _Child) -> Exception | None:
        """Run one life of a child; return what it failed of, None for a plain end."""
        failure: Exception | None = None
        if self._closing:
            return None
        child.group_restart = False
        child.state = "running"
        assert child.scope is not None
        with child.scope:
            try:
                await child.actor.run()
            except Exception as error:
                failure = error
            finally:
                child.state = "ending"
                if type(child.actor).teardown is not Supervised.teardown:
                    failure = await self._tear_down(child) or failure
        return failure

    async def _tear_down(self, child: _Child) -> Exception | None:
        """Return what the teardown failed of: a failure of this child, not of its siblings."""
        with anyio.CancelScope(shield=True), anyio.move_on_after(TEARDOWN_SECONDS):
            try:
                await child.actor.teardown()
            except Exception as error:
                return error
        return None

    def _comes_back(self, child: _Child, failure: Exception | None) -> bool:
        if self._closing or child.factory is None or child.restart is Restart.TEMPORARY:
            return False
        if failure is not None:
            self._restart_siblings(child)
        return child.restart is Restart.PERMANENT or failure is not None or child.group_restart

    def _restart_siblings(self, failed: _Child) -> None:
        if self._strategy is Strategy.ONE_FOR_ONE:
            return
        seen = self._strategy is Strategy.ONE_FOR_ALL
        for sibling in self._children.values():
            if sibling is failed:
                seen = True
            elif seen and sibling.factory is not None:
                sibling.group_restart = True
                sibling.cancel()

    def _count_restart(self, child: _Child) -> None:
        now = self._monotonic()
        if child.group_restart:
            return
        self._restarts.append(now)
        while self._restarts and self._restarts[0] < now - self._within:
            self._restarts.popleft()
        if len(self._restarts) > self._max_restarts:
            raise RestartLimitError(
                actor=child.actor.name, restarts=self._max_restarts, seconds=self._within
            )

    def _renew(self, child: _Child) -> None:
        """Put a new actor behind the old address: what waits in the mailbox is kept."""
        assert child.factory is not None
        old, new = child.actor, child.factory()
        if isinstance(old, Actor) and isinstance(new, Actor):
            new.mailbox, new.ref = old.mailbox, old.ref
        child.actor = new
        child.scope = anyio.CancelScope()
        child.cancels = 0
        child.restarts += 1
        child.started_at = self._monotonic()

    def _report(self, child: _Child, failure: Exception) -> None:
        if child.on_failure is not None:
            child.on_failure(failure)
        if self._on_failure is not None:
            self._on_failure(child.actor.name, failure)

    async def _stop(self, child: _Child) -> None:
        child.restart = Restart.TEMPORARY
        child.cancel()
        if child.state != "stopped":
            child.ended = child.ended or anyio.Event()
            await child.ended.wait()
