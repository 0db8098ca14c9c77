"""The event loop of the commands that work."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from typing import TypeVar

import anyio

T = TypeVar("T")


def run_working(work: Callable[[], Awaitable[T]]) -> T:
    """Run a function on uvloop where it is installed, else on asyncio's own loop.

    Commands that only look do not: to load uvloop takes longer than they do.
    """
    faster = sys.platform != "win32" and find_spec("uvloop") is not None
    return anyio.run(work, backend_options={"use_uvloop": True} if faster else {})
