"""Errors as the shell sees them: one line, or JSON, and an exit code."""

from __future__ import annotations

import sys
import traceback
from typing import Any

import click
import msgspec

from tasker.cli.exits import Exit
from tasker.cli.printing import clean
from tasker.cli.settings import Settings
from tasker.client.errors import ClientConfigError
from tasker.errors import (
    DefinitionError,
    InvalidRequestError,
    RegistrationError,
    StoreInUseError,
    StoreUrlError,
    TaskerError,
    UnknownDefinitionError,
)
from tasker.server.errors import ServerConfigError

_WRONG_REQUEST = (
    click.UsageError,
    ClientConfigError,
    DefinitionError,
    InvalidRequestError,
    RegistrationError,
    ServerConfigError,
    StoreUrlError,
    UnknownDefinitionError,
)


def report(error: Exception, settings: Settings) -> int:
    """Print an error to stderr and return the exit code."""
    error = _cause(error)
    code = Exit.USAGE if isinstance(error, _WRONG_REQUEST) else Exit.ERROR
    if settings.json:
        print(msgspec.json.encode(as_json(error, code)).decode(), file=sys.stderr)
    else:
        text = clean(_text(error), keep="\n")
        print(f"error: {text}", file=sys.stderr)
    if settings.traceback:
        traceback.print_exception(error, file=sys.stderr)
    elif not isinstance(error, TaskerError | click.ClickException) and not settings.json:
        print("(this was not foreseen; --traceback shows where it was raised)", file=sys.stderr)
    return code


def as_json(error: Exception, code: int) -> dict[str, Any]:
    """Return ``{"error": {"type", "message", "exit_code", …}}`` with the error's facts."""
    facts = vars(error) if isinstance(error, TaskerError) else {}
    known = {name: _plain(value) for name, value in facts.items() if not name.startswith("_")}
    head = {"type": type(error).__name__, "message": _text(error), "exit_code": int(code)}
    return {"error": {**known, **head}}


def _text(error: Exception) -> str:
    if isinstance(error, click.UsageError) and error.ctx is not None:
        return f"{error.format_message()} (see {error.ctx.command_path} --help)"
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, StoreInUseError):
        return (
            f"the store {error.url} is being worked by {error.holder}. Leave tasks to it with "
            "`tasker submit`, or stop it"
        )
    if isinstance(error, TaskerError):
        return str(error)
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _cause(error: Exception) -> Exception:
    """Return the one error in a group: task groups wrap what is raised in them."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value, enc_hook=str)
