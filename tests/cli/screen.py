"""A terminal of a given width, in this process."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tasker.cli.app import run


class Screen(io.StringIO):
    """What a person sees, without the colours."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@contextmanager
def screen(monkeypatch: pytest.MonkeyPatch, width: int) -> Iterator[Screen]:
    """Have the standard output be a terminal of that width."""
    with monkeypatch.context() as patch, Screen() as stream:
        patch.setenv("COLUMNS", str(width))
        patch.setenv("LINES", "40")
        patch.setenv("TERM", "xterm")
        patch.setenv("NO_COLOR", "1")
        patch.setattr("sys.stdout", stream)
        yield stream


def seen(monkeypatch: pytest.MonkeyPatch, width: int, *arguments: str) -> list[str]:
    """Run a command on such a terminal; return its lines."""
    with screen(monkeypatch, width) as stream:
        run(arguments)
        text = stream.getvalue()
    for code in ("\x1b[1m", "\x1b[0m", "\x1b[2m"):
        text = text.replace(code, "")
    return text.splitlines()
