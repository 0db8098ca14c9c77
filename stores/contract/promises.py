"""The checks of a suite, found in its modules."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from types import ModuleType
from typing import Any

from msgspec import Struct


class Promise(Struct, frozen=True, kw_only=True):
    """One promise, and the function that finds out whether it is kept.

    Attributes:
        topic: The module that it stands in.
        name: The function's, without ``check_``.
        text: What is promised.
        run: Finds out, given what the suite says.
    """

    topic: str
    name: str
    text: str
    run: Callable[[Any], Awaitable[None]]


def promises(topics: Sequence[ModuleType]) -> list[Promise]:
    """Return the promises of the modules, in the order in which they are written."""
    return [
        Promise(
            topic=topic.__name__.rpartition(".")[2],
            name=name.removeprefix("check_"),
            text=(inspect.getdoc(function) or "").partition("\n")[0],
            run=function,
        )
        for topic in topics
        for name, function in vars(topic).items()
        if name.startswith("check_")
    ]
