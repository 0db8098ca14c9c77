"""Handlers under other names than their own."""

import functools

from tests.definitions.shop import reserve as hold

__all__ = ["hold", "wrapped"]


@functools.wraps(hold)
def wrapped(task): ...
