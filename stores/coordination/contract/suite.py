"""The promises of coordination, listed."""

from __future__ import annotations

from tasker.stores.contract.promises import Promise, promises
from tasker.stores.coordination.contract import (
    claims,
    counters,
    elections,
    holds,
    limits,
    losses,
)


def coordination_promises() -> list[Promise]:
    """Return every promise, by topic."""
    return promises((claims, counters, elections, limits, holds, losses))
