"""The promises of a cache, by what it has to be able to do."""

from __future__ import annotations

from collections.abc import Mapping

from tasker.stores.caches.capabilities import ATOMIC_INCREMENT, LOCKING, TTL_INSPECTION
from tasker.stores.caches.contract import atomicity, inspection, leases, values
from tasker.stores.contract.promises import Promise, promises

_NEEDS: Mapping[str, str | None] = {
    "values": None,
    "atomicity": ATOMIC_INCREMENT,
    "leases": LOCKING,
    "inspection": TTL_INSPECTION,
}


def cache_promises() -> list[Promise]:
    """Return every promise, by topic."""
    return promises((values, atomicity, leases, inspection))


def needed_capability(promise: Promise) -> str | None:
    """Return the capability that the promise is of; None for one of every cache."""
    return _NEEDS[promise.topic]
