"""What a cache can do, by name, and how a cache of one's own says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

DISTRIBUTED = "distributed"
ATOMIC_INCREMENT = "atomic_increment"
LOCKING = "locking"
TTL_INSPECTION = "ttl_inspection"
NAMESPACE_SUPPORT = "namespace_support"
COMPRESSION_SUPPORT = "compression_support"
KEY_TRANSFORMATION = "key_transformation"

CAPABILITIES: Mapping[str, str] = {
    DISTRIBUTED: "the cache is shared by processes",
    ATOMIC_INCREMENT: "its single operations are atomic: add, increment, compare-and-set",
    LOCKING: "it has leases under tokens",
    TTL_INSPECTION: "it tells how long an entry stays",
    NAMESPACE_SUPPORT: "keys of two namespaces do not meet",
    COMPRESSION_SUPPORT: "it makes large values smaller by itself",
    KEY_TRANSFORMATION: "it takes keys of any length and with any character",
}
"""The names that are known, and what each means. Others may be declared beside them."""

CacheT = TypeVar("CacheT", bound="CacheCapabilities")

_OWN = "_own_cache_capabilities"


class CacheCapabilities:
    """A mix-in by which a cache says what it can do.

        class ShopCache(CacheCapabilities, capabilities={"distributed": True}):
            ...

    or, one by one and in any order, also later::

        ShopCache.supports_atomic_increment().supports_locking()
        ShopCache.declare_cache_capability("sharded", True)

    A subclass has what its parents have; what it declares itself comes first, False
    too. Of two declarations of one class, the later one counts.
    """

    def __init_subclass__(
        cls, *, capabilities: Mapping[str, bool] | None = None, **more: object
    ) -> None:
        super().__init_subclass__(**more)
        for name, supported in (capabilities or {}).items():
            cls.declare_cache_capability(name, supported)

    @classmethod
    def declare_cache_capability(
        cls: type[CacheT], name: str, supported: bool = True
    ) -> type[CacheT]:
        """Say whether the cache has a capability; return the class, to go on declaring.

        Raises:
            TypeError: ``supported`` is neither True nor False.
        """
        if supported not in (True, False):
            raise TypeError(
                f"{cls.__name__}: the capability {name!r} is declared as {supported!r}; "
                "give True or False"
            )
        setattr(cls, _OWN, {**vars(cls).get(_OWN, {}), name: supported})
        return cls

    @classmethod
    def supports_distributed_caching(cls: type[CacheT]) -> type[CacheT]:
        """Say that processes share the cache."""
        return cls.declare_cache_capability(DISTRIBUTED)

    @classmethod
    def supports_atomic_increment(cls: type[CacheT]) -> type[CacheT]:
        """Say that the operations of `SharedCache` are atomic."""
        return cls.declare_cache_capability(ATOMIC_INCREMENT)

    @classmethod
    def supports_locking(cls: type[CacheT]) -> type[CacheT]:
        """Say that the cache is a `LockingCache`."""
        return cls.declare_cache_capability(LOCKING)

    @classmethod
    def supports_ttl_inspection(cls: type[CacheT]) -> type[CacheT]:
        """Say that the cache `InspectsTtl`."""
        return cls.declare_cache_capability(TTL_INSPECTION)

    @classmethod
    def supports_namespace_isolation(cls: type[CacheT]) -> type[CacheT]:
        """Say that keys of two namespaces do not meet."""
        return cls.declare_cache_capability(NAMESPACE_SUPPORT)

    @classmethod
    def supports_compression(cls: type[CacheT]) -> type[CacheT]:
        """Say that the cache makes large values smaller by itself."""
        return cls.declare_cache_capability(COMPRESSION_SUPPORT)

    @classmethod
    def declared_cache_capabilities(cls) -> dict[str, bool]:
        """Return a copy of what is declared, here and by the parents."""
        declared: dict[str, bool] = {}
        for kind in reversed(cls.__mro__):
            declared |= vars(kind).get(_OWN, {})
        return declared

    @classmethod
    def declared_capability_support(cls, name: str) -> bool | None:
        """Return whether a capability is declared to be there; None where nothing is said."""
        return cls.declared_cache_capabilities().get(name)

    @classmethod
    def has_declared_capabilities(cls) -> bool:
        """Return whether anything is declared, here or by a parent."""
        return bool(cls.declared_cache_capabilities())
