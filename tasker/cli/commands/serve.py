"""``tasker serve``: the HTTP API over a store, and a worker of it."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import Any

import click
import msgspec

from tasker.cli.exits import Exit
from tasker.cli.logs import engine_logs
from tasker.cli.loop import run_working
from tasker.cli.printing import note
from tasker.cli.settings import (
    Settings,
    log_options,
    pass_settings,
    source_options,
    store_options,
)
from tasker.cli.signals import STOPPING, Stop, until_stopped
from tasker.cli.traces import telemetry_of_application
from tasker.config import EngineConfig
from tasker.discovery import Discovered, discover
from tasker.engine import Engine
from tasker.server import require_server
from tasker.server.config import ServeConfig
from tasker.server.settings import load_settings


@click.command("serve", short_help="Serve the HTTP API, and work the store.")
@click.option("--host", metavar="ADDRESS", help="Where to listen.  [default: 127.0.0.1]")
@click.option(
    "--port", type=click.IntRange(0, 65_535), metavar="N", help="0 for any.  [default: 8080]"
)
@click.option("--prefix", metavar="PATH", help="Where the API is.  [default: /tasker]")
@click.option("--config", "config_file", metavar="FILE", help="A YAML file of settings.")
@click.option(
    "--concurrency",
    type=click.IntRange(min=1),
    metavar="N",
    help="Steps that run at once, at most.",
)
@click.option(
    "--drain",
    "drain_seconds",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="How long requests, then steps, may take to finish when it is stopped.  [default: 10]",
)
@click.option("--tokens", "tokens_file", metavar="FILE", help="Ask for API tokens of this file.")
@click.option(
    "--allow-unauthenticated",
    is_flag=True,
    help="Listen where others can reach it, without asking who they are.",
)
@log_options
@source_options
@store_options
@pass_settings
def serve_command(
    settings: Settings, /, config_file: str | None, tokens_file: str | None, **given: Any
) -> int:
    """Serve tasks over HTTP, and run them: a worker of the store, with an API.

    Settings are taken from the command line, then from variables as in TASKER_SERVER_PORT,
    then from the file. SIGTERM or Ctrl-C takes no more connections, lets requests and then
    steps finish, and exits with 0; a second one stops at once.

    \b
    Examples:
      tasker serve --definitions workflows/
      tasker serve --app shop.workflows:all --store sqlite:////var/lib/shop.db --port 9000
      tasker serve --config server.yml --host 0.0.0.0 --tokens tokens.json
    """
    settings.need_store("a server works a store")
    require_server()
    given["allow_unauthenticated"] = given["allow_unauthenticated"] or None
    config = load_settings(
        config_file, environ=_environ(tokens_file), given={**given, **_shared(settings)}
    )
    sources = discover(
        config.definitions,
        app=config.app,
        entry_points=settings.entry_points,
        environment=config.environment,
    )
    serving = _Serving(settings, config, sources)
    with engine_logs(settings):
        return run_working(serving)


def _shared(settings: Settings) -> dict[str, Any]:
    return {
        "store": settings.store,
        "definitions": settings.definitions or None,
        "app": settings.app,
        "environment": settings.environment,
    }


def _environ(tokens_file: str | None) -> dict[str, str]:
    """Return the environment, with the option that stands for two settings of ``auth``."""
    if tokens_file is None:
        return dict(os.environ)
    return {
        **os.environ,
        "TASKER_SERVER_AUTH_AUTHENTICATOR": "tokens",
        "TASKER_SERVER_AUTH_TOKENS_FILE": tokens_file,
    }


class _Serving:
    """One server, and what it tells."""

    def __init__(
        self, settings: Settings, config: ServeConfig, sources: Sequence[Discovered]
    ) -> None:
        from tasker.server.app import TaskerApp
        from tasker.server.running import listen

        self._settings = settings
        self._config = config
        engine_config = EngineConfig(
            shutdown_seconds=config.drain_seconds, telemetry=telemetry_of_application()
        )
        if config.concurrency is not None:
            engine_config = msgspec.structs.replace(
                engine_config, max_concurrent_steps=config.concurrency
            )
        self._engine = Engine.open(config.store, definitions=sources, config=engine_config)
        # Before anything is opened: what is wrong in the settings is told at once.
        self._app = TaskerApp(self._engine, config)
        self._bound = listen(config)
        # Held now: what handlers print goes elsewhere when this is JSON.
        self._out = sys.stdout

    async def __call__(self) -> Exit:
        """Serve until stopped, and return the exit code."""
        return await until_stopped(self._work, on_first=lambda: note(STOPPING))

    async def _work(self, stop: Stop) -> Exit:
        from tasker.server.running import serve

        async with self._engine:
            # What is there by now stays: the garbage collector need not look at it again.
            gc.collect()
            gc.freeze()
            await serve(
                self._app,
                self._config,
                self._bound,
                until=stop.asked,
                started=self._tell_started,
            )
        return Exit.OK

    def _tell_started(self) -> None:
        host = f"[{self._config.host}]" if ":" in self._config.host else self._config.host
        prefix = self._config.prefix.rstrip("/")
        url = f"http://{host}:{self._bound.getsockname()[1]}{prefix}"
        if self._settings.json:
            line = msgspec.json.encode({"event": "server.started", "url": url}).decode()
        else:
            line = f"serving {self._config.store} at {url} (to look at: {url}/dashboard)"
        print(line, file=self._out, flush=True)
