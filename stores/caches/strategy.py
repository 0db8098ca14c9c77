"""How processes coordinate by a cache: chosen from what the cache can do."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from tasker.stores.caches.capabilities import (
    ATOMIC_INCREMENT,
    CAPABILITIES,
    DISTRIBUTED,
    KEY_TRANSFORMATION,
    LOCKING,
    NAMESPACE_SUPPORT,
    TTL_INSPECTION,
)
from tasker.stores.caches.detectors import DetectorRegistry, Notice
from tasker.stores.caches.known import class_names, known_capabilities


class CoordinationMode(StrEnum):
    """How processes divide work."""

    LOCAL_ONLY = "local_only"
    DISTRIBUTED_BASIC = "distributed_basic"
    DISTRIBUTED_ATOMIC = "distributed_atomic"

    @property
    def description(self) -> str:
        """What it means, in a line."""
        return _DESCRIPTIONS[self]


_DESCRIPTIONS = {
    CoordinationMode.LOCAL_ONLY: "within this process, by locks in its memory",
    CoordinationMode.DISTRIBUTED_BASIC: "between processes, by atomic add and compare-and-set",
    CoordinationMode.DISTRIBUTED_ATOMIC: "between processes, by leases under tokens and "
    "atomic counters",
}
_DEFAULTS = {name: name == KEY_TRANSFORMATION for name in CAPABILITIES}
# A cache that nobody knows is asked for its methods. That it is shared cannot be seen so.
_METHODS = {
    ATOMIC_INCREMENT: ("add", "increment", "compare_and_set", "compare_and_delete"),
    LOCKING: ("acquire", "extend", "release", "advance"),
    TTL_INSPECTION: ("expires_in",),
    NAMESPACE_SUPPORT: ("namespace",),
}


class CacheStrategy(Struct, frozen=True, kw_only=True):
    """What a cache can do, who says so, and the mode that follows.

    Attributes:
        cache_class: Full name of the cache's class; ``Unknown`` when there is no cache.
        capabilities: By name, those that somebody said anything of among them.
        sources: By name: ``declared``, ``built in``, ``detector``, ``probed`` or ``default``.
        reasons: By name, why a capability that was said to be there does not count.
        instance_id: This process: ``<host>-<pid>``.
    """

    cache_class: str
    capabilities: Mapping[str, bool]
    sources: Mapping[str, str]
    instance_id: str
    reasons: Mapping[str, str] = {}

    @classmethod
    def detect(
        cls,
        cache: object | None,
        *,
        detectors: DetectorRegistry | None = None,
        instance_id: str | None = None,
    ) -> CacheStrategy:
        """Find out what a cache can do; never raises.

        What the class declares comes first, then the built-in table, then registered
        detectors, then the methods that it has; of each capability the first that says
        True or False counts. Where finding out fails, nothing is taken for granted:
        ``local_only``. The registry is told of each outcome once.
        """
        registry = DetectorRegistry() if detectors is None else detectors
        instance = instance_id or default_instance_id()
        if cache is None:
            return _nothing_known("Unknown", instance)
        try:
            name = class_names(cache)[0]
            strategy = _detected(cache, name, registry, instance)
        except Exception as error:
            name = type(cache).__name__
            strategy = _nothing_known(name, instance)
            notice = Notice(
                text="the capabilities of the cache cannot be detected; coordination is local",
                facts={"cache_class": name, "error": f"{type(error).__name__}: {error}"},
                trouble=True,
            )
            registry.tell_once(("failed", name), notice)
            return strategy
        registry.tell_once(("detected", name, strategy.mode), strategy.notice())
        return strategy

    @property
    def mode(self) -> CoordinationMode:
        """The mode of coordination that the capabilities allow."""
        if not (self.supports(DISTRIBUTED) and self.supports(ATOMIC_INCREMENT)):
            return CoordinationMode.LOCAL_ONLY
        if self.supports(LOCKING):
            return CoordinationMode.DISTRIBUTED_ATOMIC
        return CoordinationMode.DISTRIBUTED_BASIC

    def supports(self, capability: str) -> bool:
        """Return whether the cache has a capability; False for one that nobody knows."""
        return self.capabilities.get(capability, False)

    def export_capabilities(self) -> dict[str, Any]:
        """Return a copy of the capabilities, with the class as ``store_class``."""
        return {**self.capabilities, "store_class": self.cache_class}

    def without(self, reasons: Mapping[str, str]) -> CacheStrategy:
        """Return the strategy of the same cache when these capabilities do not count."""
        return replace(
            self,
            capabilities={**self.capabilities, **dict.fromkeys(reasons, False)},
            sources={**self.sources, **dict.fromkeys(reasons, "probed")},
            reasons={**self.reasons, **reasons},
        )

    def notice(self) -> Notice:
        """Return what there is to tell of it."""
        return Notice(
            text=f"the cache allows coordination as {self.mode}: {self.mode.description}",
            facts={
                "cache_class": self.cache_class,
                "mode": str(self.mode),
                "capabilities": dict(self.capabilities),
                "instance_id": self.instance_id,
                **({"reasons": dict(self.reasons)} if self.reasons else {}),
            },
            trouble=bool(self.reasons),
        )


def default_instance_id() -> str:
    """Return what names this process among those of all machines."""
    host = os.environ.get("HOSTNAME") or socket.gethostname() or "unknown"
    return f"{host}-{os.getpid()}"


def _detected(
    cache: object, name: str, registry: DetectorRegistry, instance_id: str
) -> CacheStrategy:
    capabilities = dict(_DEFAULTS)
    sources = dict.fromkeys(_DEFAULTS, "default")
    # The last one to speak counts.
    for source, said in (
        ("probed", _by_methods(cache)),
        ("detector", registry.detect(cache)),
        ("built in", known_capabilities(cache)),
        ("declared", _declared(cache)),
    ):
        capabilities |= said
        sources |= dict.fromkeys(said, source)
    return CacheStrategy(
        cache_class=name, capabilities=capabilities, sources=sources, instance_id=instance_id
    )


def _declared(cache: object) -> Mapping[str, bool]:
    # Not by the mix-in alone: a cache need not import Tasker to declare what it can do.
    declare = getattr(cache, "declared_cache_capabilities", None)
    return {} if declare is None else dict(declare())


def _by_methods(cache: object) -> dict[str, bool]:
    return {
        capability: True
        for capability, names in _METHODS.items()
        if all(hasattr(cache, name) for name in names)
    }


def _nothing_known(name: str, instance_id: str) -> CacheStrategy:
    return CacheStrategy(
        cache_class=name,
        capabilities=dict(_DEFAULTS),
        sources=dict.fromkeys(_DEFAULTS, "default"),
        instance_id=instance_id,
    )
