"""What holds for every command: where the store is, how to print, what to load."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

DEFAULT_STORE = "sqlite:///tasker.db"
STORE_VARIABLE = "TASKER_STORE"
SERVER_VARIABLE = "TASKER_SERVER"
LOG_LEVEL_VARIABLE = "TASKER_LOG_LEVEL"
LOG_FORMAT_VARIABLE = "TASKER_LOG_FORMAT"
LOG_LEVELS = ("debug", "info", "warning", "error")
LOG_FORMATS = ("json", "console")

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass
class Settings:
    """The options that several commands share.

    They may stand before the command's name or after it; the later one wins.
    """

    store: str | None = None
    server: str | None = None
    json: bool = False
    traceback: bool = False
    definitions: tuple[str, ...] = ()
    app: str | None = None
    entry_points: bool = False
    environment: str | None = None
    log_level: str | None = None
    log_format: str | None = None

    @property
    def store_url(self) -> str:
        """The store: as given, or by the variable, or the default one."""
        return self.store or os.environ.get(STORE_VARIABLE) or DEFAULT_STORE

    @property
    def server_url(self) -> str | None:
        """The server that is asked in place of a store, None where it is a store.

        What is given wins over variables, and among these the server.
        """
        if self.store and self.server:
            raise click.UsageError("--store and --server name two places; give one of them")
        return self.server or (None if self.store else os.environ.get(SERVER_VARIABLE)) or None

    def need_store(self, why: str) -> None:
        """Refuse a server that was given with ``--server``; ``why`` says what needs a store."""
        if self.server:
            raise click.UsageError(f"{why}; leave --server out, and name the store with --store")

    @property
    def in_memory(self) -> bool:
        """Whether the store is gone with this process."""
        return self.store_url.startswith("memory:")

    @property
    def logs_asked_for(self) -> bool:
        """Whether logs are to be written as the options say, whatever else is set up."""
        return self.log_level is not None or self.log_format is not None


pass_settings = click.make_pass_decorator(Settings, ensure=True)


drain_option = click.option(
    "--drain",
    "drain_seconds",
    type=click.FloatRange(min=0),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long running steps may take to finish when it is stopped.",
)


def output_options(command: Command) -> Command:
    """Add ``--json`` and ``--traceback``."""
    for option in (
        _flag("--traceback", help="Show where an error was raised."),
        _flag("--json", help="Print JSON, errors included."),
    ):
        command = option(command)
    return command


def store_options(command: Command) -> Command:
    """Add ``--store``, ``--server`` and what all commands have."""
    command = _shared(
        "--server",
        metavar="URL",
        help="A server to ask in place of a store, with the token of TASKER_TOKEN.  "
        f"[env var: {SERVER_VARIABLE}]",
    )(output_options(command))
    return _shared(
        "--store",
        "-s",
        metavar="URL",
        help=f"The store.  [env var: {STORE_VARIABLE}; default: {DEFAULT_STORE}]",
    )(command)


def log_options(command: Command) -> Command:
    """Add the options that say what is logged, and how."""
    for option in (
        _shared(
            "--log-format",
            type=click.Choice(LOG_FORMATS),
            envvar=LOG_FORMAT_VARIABLE,
            help="How: JSON lines, or for people.  "
            f"[env var: {LOG_FORMAT_VARIABLE}; default: json, on a terminal console]",
        ),
        _shared(
            "--log-level",
            type=click.Choice(LOG_LEVELS),
            envvar=LOG_LEVEL_VARIABLE,
            help="Log to stderr from this level on, what becomes of steps included.  "
            f"[env var: {LOG_LEVEL_VARIABLE}]",
        ),
    ):
        command = option(command)
    return command


def source_options(command: Command) -> Command:
    """Add the options that say where definitions are."""
    for option in (
        _shared(
            "--environment",
            "-e",
            metavar="NAME",
            help="The entry of `environments` that applies.  [env var: TASKER_ENV]",
        ),
        _flag("--entry-points", help="Take the definitions of installed packages."),
        _shared("--app", metavar="MODULE:OBJECT", help="Definitions made in Python."),
        _shared(
            "--definitions",
            "-d",
            metavar="PATH",
            multiple=True,
            help="A YAML file, or a directory of them. Repeatable.",
        ),
    ):
        command = option(command)
    return command


def _shared(*names: str, **attributes: Any) -> Callable[[Command], Command]:
    return click.option(*names, expose_value=False, callback=_remember, **attributes)


def _flag(name: str, *, help: str) -> Callable[[Command], Command]:
    # Eager: an error in a later option is already told in the way that was asked for.
    return _shared(name, is_flag=True, is_eager=True, help=help)


def _remember(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    settings = context.ensure_object(Settings)
    if value and parameter.name is not None:
        setattr(settings, parameter.name, value)
