"""What a kind of store gives the suite to run on."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from tasker.stores.protocols import Store


class Capabilities(Struct, frozen=True, kw_only=True):
    """What a kind of store can do beyond the promises of all of them.

    They are declared; the suite does not try out what works.
    ``shares_between_instances``: two store objects can work on one database, as
    two processes would. ``many_nodes``: see `LeaseStore.many_nodes`.
    """

    shares_between_instances: bool = False
    many_nodes: bool = False


class Database(Protocol):
    """One database, empty at first, of the kind that is checked."""

    @property
    def capabilities(self) -> Capabilities:
        """What this kind can do."""

    def connect(self) -> Store:
        """Return a store on this database, not opened.

        Each call returns a store of its own if the kind shares between
        instances; otherwise it may be the same one.
        """
