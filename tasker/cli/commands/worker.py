"""``tasker worker``: work a store until told to stop."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click
import msgspec

from tasker.cli.exits import Exit
from tasker.cli.logs import engine_logs
from tasker.cli.loop import run_working
from tasker.cli.printing import LONGEST_MESSAGE, clean, clip, note
from tasker.cli.requests import load_sources
from tasker.cli.running import running_in_words
from tasker.cli.service import ALONE
from tasker.cli.settings import (
    Settings,
    drain_option,
    log_options,
    pass_settings,
    source_options,
    store_options,
)
from tasker.cli.signals import STOPPING, Stop, until_stopped
from tasker.cli.steps import short_class
from tasker.cli.traces import telemetry_of_application
from tasker.config import EngineConfig
from tasker.discovery import Discovered
from tasker.engine import Engine
from tasker.events.event import StepEvent, TaskEvent
from tasker.events.known import state_changes
from tasker.events.subscriptions import LoadedSubscriber, load_subscribers

_ALWAYS = {"task.completed", "task.failed", "task.cancelled", "task.resolved_manually"}
_ALWAYS |= {"task.paused", "task.resumed", "step.failed"}


@click.command("worker", short_help="Work a store until told to stop.")
@click.option(
    "--concurrency",
    type=click.IntRange(min=1),
    metavar="N",
    help="Steps that run at once, at most.  [default: 1000]",
)
@drain_option
@click.option("--verbose", "-v", is_flag=True, help="Tell of every step, and messages whole.")
@click.option(
    "--subscribers",
    multiple=True,
    metavar="PATH",
    help="A YAML file of subscribers, or a directory of them. Repeatable.",
)
@log_options
@source_options
@store_options
@pass_settings
def worker_command(
    settings: Settings,
    concurrency: int | None,
    drain_seconds: float,
    verbose: bool,
    subscribers: tuple[str, ...],
) -> int:
    """Work a store: run what is submitted to it, and what was interrupted.

    SIGTERM or Ctrl-C lets running steps finish, hands the rest back and exits with
    0; a second one stops at once. Tasks whose definitions are not given here run
    under those in the store, as far as their handlers can be imported.

    It tells in one line each how tasks end and steps fail: with --json as JSON, with
    --verbose also of every step, and with messages that are never cut.

    \b
    Examples:
      tasker worker --definitions workflows/
      tasker worker --app shop.workflows:all --store sqlite:////var/lib/shop.db
    """
    settings.need_store("a worker works a store")
    if settings.in_memory:
        raise click.UsageError(ALONE)
    sources = load_sources(settings)
    config = EngineConfig(shutdown_seconds=drain_seconds, telemetry=telemetry_of_application())
    if concurrency is not None:
        config = msgspec.structs.replace(config, max_concurrent_steps=concurrency)
    worker = _Worker(
        settings,
        sources,
        config,
        verbose=verbose,
        subscribers=load_subscribers(subscribers),
    )
    with engine_logs(settings, worker.warn):
        return run_working(worker)


class _Worker:
    """One worker, and what it tells."""

    def __init__(
        self,
        settings: Settings,
        sources: Sequence[Discovered],
        config: EngineConfig,
        *,
        verbose: bool,
        subscribers: Sequence[LoadedSubscriber] = (),
    ) -> None:
        self._subscribers = subscribers
        self._settings = settings
        self._sources = sources
        self._config = config
        self._verbose = verbose
        # Held now: what handlers print goes elsewhere when this is JSON.
        self._out = sys.stdout
        self._engine: Engine | None = None

    async def __call__(self) -> Exit:
        """Work until stopped, and return the exit code."""
        return await until_stopped(self._work, on_first=self._on_first)

    def warn(self, level: str, message: str) -> None:
        """Tell what the engine warns of."""
        self._tell("warning" if level == "warning" else "error", {"message": message})

    async def _work(self, stop: Stop) -> Exit:
        async with Engine.open(
            self._settings.store_url,
            definitions=self._sources,
            subscribers=self._subscribers,
            config=self._config,
        ) as engine:
            self._engine = engine
            # What is there by now stays: the garbage collector need not look at it again.
            gc.collect()
            gc.freeze()
            known = [entry.definition.full_name for entry in engine.registry.list()]
            self._tell(
                "worker.started",
                {
                    "store": self._settings.store_url,
                    **self._definitions(known),
                    "taken_up": engine.health().tasks.resident,
                },
            )
            names = state_changes() if self._verbose else _ALWAYS
            with stop.gently, engine.events(*names) as events:
                async for event in events:
                    if isinstance(event, TaskEvent):
                        self._tell(event.name, self._facts(event), event.at)
            # What left memory before, to wait for a retry, was in the store already.
            before = engine.health().tasks.released
        handed_back = engine.health().tasks.released - before
        self._tell("worker.stopped", {"handed_back": handed_back})
        return Exit.OK

    def _on_first(self) -> None:
        seconds, engine = self._config.shutdown_seconds, self._engine
        running = 0 if engine is None else engine.health().permits.in_use
        self._tell("worker.draining", {"seconds": seconds, "running": running})
        if self._settings.json:
            return
        note(STOPPING)
        if engine is not None and running:
            note(f"waiting up to {seconds:g} s for: {running_in_words(engine)}")

    def _definitions(self, names: list[str]) -> dict[str, Any]:
        """Return the facts about definitions: all names as JSON, on a line a few of many."""
        if self._settings.json:
            return {"definitions": names}
        facts: dict[str, Any] = {"definitions": len(names)}
        if names:
            facts["names"] = clip(",".join(names), LONGEST_MESSAGE)
        return facts

    def _facts(self, event: TaskEvent) -> dict[str, Any]:
        """Return the facts of an event; for people with short classes and messages."""
        facts = _facts(event)
        if self._settings.json:
            return facts
        if "error_class" in facts:
            facts["error_class"] = short_class(facts["error_class"])
        if not self._verbose:
            facts |= {
                name: clip(str(facts[name]), LONGEST_MESSAGE)
                for name in ("message", "reason")
                if name in facts
            }
        return facts

    def _tell(self, name: str, facts: dict[str, Any], at: float | None = None) -> None:
        when = datetime.now(UTC) if at is None else datetime.fromtimestamp(at, UTC)
        stamp = when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if self._settings.json:
            line = msgspec.json.encode({"at": stamp, "event": name, **facts}).decode()
        else:
            line = " ".join([stamp, name, *(f"{key}={_value(v)}" for key, v in facts.items())])
        print(line, file=self._out, flush=True)


def _facts(event: TaskEvent) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "task": event.task_id,
        "definition": f"{event.namespace}.{event.task_name}@{event.version}",
    }
    told = {"by": event.get("by"), "reason": event.get("reason")}
    if isinstance(event, StepEvent):
        facts |= {"step": event.step, "attempt": event.attempt or None}
        told = {
            "error_class": event.get("error_class"),
            "message": event.get("error_message"),
            **told,
        }
    facts |= {name: value for name, value in told.items() if value is not None}
    retry_at = event.get("retry_at")
    if retry_at is not None:
        facts["retry_in"] = round(max(0.0, retry_at - event.at), 3)
    return facts


def _value(value: Any) -> str:
    """Return a value as logfmt has it: bare where that is clear, else quoted."""
    if isinstance(value, list):
        value = ",".join(map(str, value))
    text = clean(str(value))
    is_bare = text and not any(each in text for each in ' "=')
    return text if is_bare else msgspec.json.encode(text).decode()
