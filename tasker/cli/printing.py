"""Text and JSON for people and pipes."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

LONGEST_MESSAGE = 200
"""Characters of an error's message in tables and lines; elsewhere it is told whole."""
NARROW = 80
"""Columns below which instants are shown to the minute and without the year."""
PIPE_WIDTH = 100_000  # lines are never cut for a program that reads them


@cache
def _console_for(stream: Any) -> Console:
    from rich.console import Console

    class PlainConsole(Console):
        """A console that leaves the exit code to us when nobody reads it any more."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    if is_terminal(stream):
        return PlainConsole(file=stream, highlight=False)
    return PlainConsole(
        file=stream, highlight=False, width=PIPE_WIDTH, force_terminal=False, no_color=True
    )


def console() -> Console:
    """Return the console of the standard output, as it is now."""
    return _console_for(_stdout())


def is_terminal(stream: Any = None) -> bool:
    """Whether a person looks at it, on a screen that can be drawn upon."""
    stream = _stdout() if stream is None else stream
    return bool(stream.isatty()) and os.environ.get("TERM") != "dumb"


def is_unicode() -> bool:
    """Whether the output can show more than ASCII."""
    return (_stdout().encoding or "ascii").lower().replace("-", "").startswith("utf")


def _stdout() -> Any:
    # A live display puts itself before the stream.
    return getattr(sys.stdout, "rich_proxied_file", sys.stdout)


def print_json(value: Any) -> None:
    """Print a value as JSON, indented where a person reads it."""
    encoded = msgspec.json.encode(value, enc_hook=str)
    print((msgspec.json.format(encoded) if is_terminal() else encoded).decode(), flush=True)


def print_table(table: Table) -> None:
    """Print a table; in pipes without the spaces at the ends of its lines."""
    out = console()
    if is_terminal():
        out.print(table)
        return
    with out.capture() as capture:
        out.print(table)
    for line in capture.get().splitlines():
        print(line.rstrip())


def note(text: str) -> None:
    """Tell a person something beside the output: on stderr."""
    print(text, file=sys.stderr, flush=True)


def clean(text: str, keep: str = "") -> str:
    """Return the text with its control characters spelled out.

    What a handler or a caller wrote may not move the cursor, change the title or
    colours of the terminal, or forge another line.
    """
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable() or character in keep
        else character.encode("unicode_escape").decode("ascii", "replace")
        for character in text
    )


def seconds(value: float) -> str:
    """Return a length of time for people: ``40ms``, ``3.2s``, ``1m05s``, ``2h03m``."""
    if value < 1:
        return f"{value * 1000:.0f}ms"
    if value < 60:
        return f"{value:.1f}s"
    minutes, rest = divmod(int(value), 60)
    if minutes < 60:
        return f"{minutes}m{rest:02d}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02d}m" if hours < 48 else f"{hours // 24}d{hours % 24:02d}h"


def is_narrow() -> bool:
    """Whether the output is a screen with few columns."""
    return is_terminal() and console().width < NARROW


def moment(at: datetime | None) -> str:
    """Return an instant in the local time zone, to the second; ``-`` for None."""
    if at is None:
        return "-"
    return short_moment(at) if is_narrow() else at.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def short_moment(at: datetime) -> str:
    """Return an instant of this year to the minute, and of another one as its day."""
    local, this_year = at.astimezone(), datetime.now().astimezone().year
    return local.strftime("%m-%d %H:%M" if local.year == this_year else "%Y-%m-%d")


def clip(text: str, limit: int | None) -> str:
    """Return at most ``limit`` characters of a text, with a sign where it was cut."""
    if limit is None or len(text) <= limit:
        return text
    return f"{text[: max(0, limit - 1)]}…"


def brief(value: Any, limit: int) -> str:
    """Return a value as JSON on one line of at most ``limit`` characters."""
    return clip(clean(msgspec.json.encode(value, enc_hook=str).decode()), limit)
