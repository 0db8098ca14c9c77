"""The checks, listed and run."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any

from msgspec import Struct

from tasker.stores.contract import (
    audit,
    catalog,
    claims,
    commands,
    counts,
    journal,
    leases,
    lifecycle,
    nodes,
    one_node,
    outbox,
    reads,
    refusals,
    sharing,
    statistics,
    systems,
)
from tasker.stores.contract.database import Capabilities, Database

_TOPICS = (
    journal,
    refusals,
    reads,
    counts,
    statistics,
    audit,
    claims,
    nodes,
    one_node,
    leases,
    catalog,
    systems,
    commands,
    outbox,
    lifecycle,
    sharing,
)


class Check(Struct, frozen=True, kw_only=True):
    """One promise, and the function that finds out whether it is kept.

    ``takes`` says what the function is called with: ``store``, opened and empty,
    or ``database``, to connect to as it likes.
    """

    topic: str
    name: str
    promise: str
    takes: str
    function: Callable[[Any], Awaitable[None]]

    def applies_to(self, capabilities: Capabilities) -> bool:
        """Return whether a kind of store with these capabilities can be asked this."""
        if self.topic == "sharing":
            return capabilities.shares_between_instances
        if self.topic == "leases":
            return capabilities.many_nodes
        if self.topic == "one_node":
            shares = capabilities.shares_between_instances
            return not capabilities.many_nodes and (self.takes == "store" or shares)
        return True

    async def run(self, database: Database) -> None:
        """Run the check on an empty database.

        Raises:
            BrokenPromiseError: The promise is not kept. Any other exception that
                comes from the store is a broken promise too.
        """
        if self.takes == "database":
            await self.function(database)
            return
        store = database.connect()
        await store.open()
        try:
            await self.function(store)
        finally:
            await store.close()


def checks() -> list[Check]:
    """Return every check, by topic, in the order in which they are written."""
    return [
        _check(topic, function)
        for topic in _TOPICS
        for name, function in vars(topic).items()
        if name.startswith("check_")
    ]


def _check(topic: ModuleType, function: Callable[[Any], Awaitable[None]]) -> Check:
    (takes,) = inspect.signature(function).parameters
    return Check(
        topic=topic.__name__.rpartition(".")[2],
        name=function.__name__.removeprefix("check_"),
        promise=(inspect.getdoc(function) or "").partition("\n")[0],
        takes=takes,
        function=function,
    )
