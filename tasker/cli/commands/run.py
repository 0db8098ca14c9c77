"""``tasker run``: a task from submission to its end, in this process."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import anyio
import click

from tasker.actors.workflow.states import AT_REST
from tasker.cli.exits import Exit
from tasker.cli.finding import find_task
from tasker.cli.follow import exit_code, follow
from tasker.cli.hints import continuing
from tasker.cli.logs import engine_logs
from tasker.cli.loop import run_working
from tasker.cli.outcome import print_outcome, print_state
from tasker.cli.printing import note, print_json
from tasker.cli.progress import Display, make_display
from tasker.cli.requests import load_sources, make_request, request_options
from tasker.cli.service import connect
from tasker.cli.settings import (
    Settings,
    drain_option,
    log_options,
    pass_settings,
    source_options,
    store_options,
)
from tasker.cli.signals import STOPPING, Stop, until_stopped
from tasker.cli.steps import unfinished
from tasker.cli.traces import telemetry_of_application
from tasker.config import EngineConfig
from tasker.discovery import Discovered
from tasker.engine import Engine
from tasker.events.known import state_changes
from tasker.request import TaskRequest
from tasker.stores.urls import make_store
from tasker.task_view import TaskView

LEAST_SECONDS = 0.05
MOST_SECONDS = 1.0
"""Between two looks at the task: however much happens, and if nothing does."""


@click.command("run", short_help="Run a task to its end, here.")
@click.argument("target", required=False, metavar="[NAME|FILE]")
@request_options
@click.option(
    "--continue",
    "continued",
    metavar="TASK_ID",
    help="Go on with a task that was interrupted, instead of a new one.",
)
@drain_option
@log_options
@source_options
@store_options
@pass_settings
def run_command(
    settings: Settings,
    /,
    target: str | None,
    continued: str | None,
    drain_seconds: float,
    **fields: Any,
) -> int:
    """Run a task to its end in this process, and show how it goes.

    NAME is [namespace.]name[@version] of a definition that --definitions, --app or
    --entry-points give; FILE is a YAML definition.

    The task is recorded in the store, where it can be looked at afterwards. Other
    tasks that wait there are left alone. Ctrl-C lets running steps finish and hands
    the task back, to be continued; a second Ctrl-C stops at once.

    With --server the task is submitted there, under the definition that the server has, and
    followed to its end; Ctrl-C leaves it alone.

    \b
    Examples:
      tasker run checkout.yaml --context '{"order": 7}'
      tasker run shop.checkout --definitions workflows/ -c @order.json --tag night
      tasker run report --app shop.workflows:report -s sqlite:////var/lib/shop.db
      tasker run --continue last

    Exit codes: 0 complete, 1 error, 2 usage, 3 cancelled, 130 stopped by Ctrl-C.
    """
    if (target is None) == (continued is None):
        raise click.UsageError("give either NAME|FILE or --continue TASK_ID")
    if settings.server_url is not None:
        return _run_served(settings, target, **fields)
    request: TaskRequest | None = None
    if target is None:
        sources: Sequence[Discovered] = load_sources(settings)
    else:
        request, sources = make_request(target, settings, **fields)
    run = _Run(settings, sources, request, continued, drain_seconds)
    with engine_logs(settings):
        code = run_working(run)
    run.report()
    return code


def _run_served(settings: Settings, target: str | None, **fields: Any) -> int:
    if target is None:
        raise click.UsageError("a server goes on with its tasks by itself; see tasker watch")
    request, _ = make_request(target, settings, **fields)
    view = anyio.run(_follow_served, settings, request)
    if settings.json:
        print_json(view.to_dict())
    else:
        print_outcome(view)
    return exit_code(view)


async def _follow_served(settings: Settings, request: TaskRequest) -> TaskView:
    display = make_display(quiet=settings.json)
    async with connect(settings) as service:
        task_id = await service.submit(request)
        with display.running():
            return await follow(service, task_id, display)


class _Run:
    """One run, from opening the engine to what is known after closing it."""

    def __init__(
        self,
        settings: Settings,
        sources: Sequence[Discovered],
        request: TaskRequest | None,
        continued: str | None,
        drain_seconds: float,
    ) -> None:
        self._settings = settings
        self._sources = sources
        self._request = request
        self._continued = continued
        self._config = EngineConfig(
            shutdown_seconds=drain_seconds, telemetry=telemetry_of_application()
        )
        self._display: Display = make_display(quiet=settings.json)
        self._task_id: str | None = None
        self._view: TaskView | None = None

    async def __call__(self) -> Exit:
        """Run, and return the exit code."""
        code = await until_stopped(self._work, on_first=self._on_first)
        await self._look_again()
        if self._view is not None and self._view.state in AT_REST:
            return exit_code(self._view)
        return code

    def report(self) -> None:
        """Print how it ended, or how to go on."""
        view = self._view
        if view is None:
            return
        if self._settings.json:
            print_json(view.to_dict())
        elif view.state in AT_REST:
            print_outcome(view)
        else:
            print_state(view)
        if view.state not in AT_REST:
            note(self._how_to_go_on(view))

    async def _work(self, stop: Stop) -> Exit:
        store = make_store(self._settings.store_url, create=self._continued is None)
        async with Engine.open(
            store, definitions=self._sources, config=self._config, recover=False
        ) as engine:
            changes = _Changes(engine)
            async with anyio.create_task_group() as group:
                group.start_soon(changes.listen)
                await anyio.lowlevel.checkpoint()
                task_id = self._task_id = changes.task_id = await self._begin(engine)
                with stop.gently, self._display.running():
                    self._view = await follow(engine, task_id, self._display, changed=changes.wait)
                if stop.signal is not None:
                    self._view = await engine.get(task_id)
                    self._on_drain(self._view)
                group.cancel_scope.cancel()
        return stop.code

    async def _begin(self, engine: Engine) -> str:
        if self._request is not None:
            return await engine.submit(self._request)
        task_id = await find_task(engine, self._continued or "")
        await engine.take_up(task_id)
        return task_id

    def _on_first(self) -> None:
        note(STOPPING)

    def _on_drain(self, view: TaskView) -> None:
        running = ", ".join(unfinished(view.steps))
        if running:
            note(f"waiting up to {self._config.shutdown_seconds:g} s for: {running}")

    async def _look_again(self) -> None:
        """See what became of the task while the engine closed."""
        interrupted = self._view is None or self._view.state not in AT_REST
        if self._task_id is None or not interrupted or self._settings.in_memory:
            return
        async with connect(self._settings) as service:
            self._view = await service.get(self._task_id)

    def _how_to_go_on(self, view: TaskView) -> str:
        if self._settings.in_memory:
            return "it was kept in memory, and is gone"
        return f"it waits in the store; go on with:\n  {continuing(self._settings, view.task_id)}"


class _Changes:
    """Tells when something happened to a task of this engine."""

    def __init__(self, engine: Engine) -> None:
        self.task_id: str | None = None
        self._engine = engine
        self._happened = anyio.Event()

    async def listen(self) -> None:
        """Hear the engine's events, for ever."""
        with ExitStack() as stack:
            events = stack.enter_context(self._engine.events(*state_changes()))
            async for event in events:
                if self.task_id in (None, event.get("task_id")):
                    self._happened.set()

    async def wait(self) -> None:
        """Return when something happened since the last call, or after a while."""
        await anyio.sleep(LEAST_SECONDS)
        with anyio.move_on_after(MOST_SECONDS):
            await self._happened.wait()
        self._happened = anyio.Event()
