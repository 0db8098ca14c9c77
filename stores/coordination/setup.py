"""From a cache to the coordination that it allows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from tasker.stores.caches.detectors import DetectorRegistry, Notice
from tasker.stores.caches.probe import probe_capabilities, proven, refuse
from tasker.stores.caches.protocols import Cache, LockingCache, SharedCache
from tasker.stores.caches.strategy import CacheStrategy, CoordinationMode
from tasker.stores.caches.urls import adapt, make_cache
from tasker.stores.coordination.atomic import AtomicCoordination
from tasker.stores.coordination.basic import BasicCoordination
from tasker.stores.coordination.by_cache import DEFAULT_NAMESPACE
from tasker.stores.coordination.fallback import DEFAULT_TIMEOUT_SECONDS, FallbackCoordination
from tasker.stores.coordination.local import LocalCoordination
from tasker.stores.coordination.protocol import Coordination
from tasker.stores.errors import CacheUnavailableError


async def open_coordination(
    cache: object | str | None,
    *,
    namespace: str = DEFAULT_NAMESPACE,
    processes: int = 1,
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    strict: bool = False,
    detectors: DetectorRegistry | None = None,
) -> Coordination:
    """Find out what a cache can do, try whether it is true, and coordinate by it.

    Args:
        cache: A cache URL, a cache of aiocache, one of one's own, or None for none.
        namespace: What keys begin with; all who share it take part.
        processes: How many processes share a limit, for while the cache is away.
        timeout_seconds: How long a call may wait for the cache.
        strict: Raise where a capability is not real, instead of going without it.
        detectors: Whom to ask beside, and who is told.

    Raises:
        CacheUrlError: It names no cache, or is none.
        CacheCapabilityError: ``strict``, and the cache cannot do what it is said to.
        MissingExtraError: It needs a package that is not installed.
    """
    registry = DetectorRegistry() if detectors is None else detectors
    again: Callable[[], Cache] | None = None
    owned = isinstance(cache, str)
    if isinstance(cache, str):
        url = cache
        cache = make_cache(url)
        if not url.startswith("memory:"):
            again = lambda: make_cache(url)  # noqa: E731
    strategy = CacheStrategy.detect(cache, detectors=registry)
    if cache is None:
        return LocalCoordination(namespace=namespace)
    usable = adapt(cache)
    strategy = await _proven(usable, strategy, again, registry, strict=strict)
    alone = LocalCoordination(namespace=namespace)
    if strategy.mode is CoordinationMode.LOCAL_ONLY:
        if owned:
            await usable.close()
        return alone
    return FallbackCoordination(
        _by_mode(usable, strategy.mode, namespace=namespace, owns_cache=owned),
        alone,
        timeout_seconds=timeout_seconds,
        processes=processes,
        tell=registry.tell,
    )


def _by_mode(cache: Any, mode: CoordinationMode, **settings: Any) -> Coordination:
    if mode is CoordinationMode.DISTRIBUTED_ATOMIC:
        return AtomicCoordination(cast(LockingCache, cache), **settings)
    return BasicCoordination(cast(SharedCache, cache), **settings)


async def _proven(
    cache: Cache,
    strategy: CacheStrategy,
    again: Callable[[], Cache] | None,
    registry: DetectorRegistry,
    *,
    strict: bool,
) -> CacheStrategy:
    try:
        verdicts = await probe_capabilities(cache, strategy, again=again)
    except CacheUnavailableError as error:
        text = "the cache does not answer, so what it can do is believed as it is said"
        registry.tell(Notice(text=text, facts={"error": str(error)}, trouble=True))
        return strategy
    if strict:
        refuse(strategy, verdicts)
    tried = proven(strategy, verdicts)
    if tried.reasons:
        registry.tell_once(("proven", tried.cache_class, tried.mode), tried.notice())
    return tried
