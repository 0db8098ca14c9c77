"""What a cache declares, and what is made of it."""

import re
from types import new_class
from typing import Any

import aiocache
import pytest

from tasker.stores.caches import (
    CAPABILITIES,
    CacheCapabilities,
    CacheStrategy,
    CoordinationMode,
    DetectorRegistry,
    MemoryCache,
    Notice,
    adapt,
)
from tasker.stores.caches.memcached import MemcachedCache


class Parent(CacheCapabilities, capabilities={"distributed": True, "locking": True}):
    pass


class Child(Parent, capabilities={"locking": False, "sharded": True}):
    pass


class Plain:
    """A cache that says nothing."""


def _registry():
    told: list[Notice] = []
    return DetectorRegistry(tell=told.append), told


def test_a_child_has_what_its_parent_declares_and_may_override_it():
    assert Child.declared_cache_capabilities() == {
        "distributed": True,
        "locking": False,
        "sharded": True,
    }
    assert Parent.declared_cache_capabilities() == {"distributed": True, "locking": True}
    assert Child.declared_capability_support("locking") is False
    assert Child.declared_capability_support("ttl_inspection") is None
    assert Child.has_declared_capabilities()


def test_declarations_are_chained_and_the_later_one_counts():
    class Cache(CacheCapabilities):
        pass

    assert not Cache.has_declared_capabilities()
    chained = (
        Cache.supports_distributed_caching()
        .supports_atomic_increment()
        .supports_locking()
        .supports_ttl_inspection()
        .supports_namespace_isolation()
        .supports_compression()
        .declare_cache_capability("locking", False)
        .declare_cache_capability("sharded")
    )
    assert chained is Cache
    declared = Cache.declared_cache_capabilities()
    assert declared.pop("locking") is False
    assert declared == dict.fromkeys(
        [
            *("distributed", "atomic_increment", "ttl_inspection", "namespace_support"),
            *("compression_support", "sharded"),
        ],
        True,
    )
    declared["distributed"] = False
    assert Cache.declared_capability_support("distributed") is True, "a copy was changed"


def test_a_parent_that_declares_later_is_heard():
    class Base(CacheCapabilities):
        pass

    class Derived(Base):
        pass

    Base.supports_locking()
    assert Derived.declared_capability_support("locking") is True


def test_what_is_neither_true_nor_false_is_refused():
    with pytest.raises(TypeError, match="'locking' is declared as 'yes'; give True or False"):
        Parent.declare_cache_capability("locking", "yes")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("capabilities", "mode"),
    [
        ({}, "local_only"),
        ({"distributed": True}, "local_only"),
        ({"atomic_increment": True, "locking": True}, "local_only"),
        ({"distributed": True, "locking": True}, "local_only"),
        ({"distributed": True, "atomic_increment": True}, "distributed_basic"),
        (
            {"distributed": True, "atomic_increment": True, "locking": True},
            "distributed_atomic",
        ),
    ],
)
def test_the_mode_follows_from_the_capabilities(capabilities, mode):
    class Cache(CacheCapabilities, capabilities=capabilities):
        pass

    strategy = CacheStrategy.detect(Cache())
    assert strategy.mode == mode
    assert CoordinationMode(mode).description in strategy.notice().text


async def test_caches_of_aiocache_are_known_by_their_class():
    ours = new_class("Ours", (aiocache.RedisCache,))
    given = [
        aiocache.SimpleMemoryCache(),
        aiocache.MemcachedCache(endpoint="cache", port=11311, namespace="shop"),
        aiocache.RedisCache(endpoint="cache", port=6400, db=3),
        ours(),
    ]
    strategies = [CacheStrategy.detect(cache) for cache in given]
    assert [strategy.mode for strategy in strategies] == [
        *("local_only", "distributed_basic", "distributed_atomic", "distributed_atomic")
    ]
    assert {strategy.sources["distributed"] for strategy in strategies} == {"built in"}
    adapted: list[Any] = [adapt(cache) for cache in given]
    assert [cache.url for cache in adapted] == [
        "memory://",
        "memcached://cache:11311",
        "redis://cache:6400/3",
        "redis://127.0.0.1:6379/0",
    ]
    # What the table says of them is what ours declare.
    for strategy, cache in zip(strategies, adapted, strict=True):
        declared = cache.declared_cache_capabilities()
        assert {name: strategy.supports(name) for name in declared} == declared


def test_declared_comes_before_built_in_before_detectors_before_methods():
    kinds = (aiocache.SimpleMemoryCache, CacheCapabilities)
    memory = new_class("Memory", kinds, {"capabilities": {"locking": False}})
    registry, _ = _registry()
    setattr(memory, "expires_in", None)  # noqa: B010 - a method is seen by its name
    registry.register_detector(
        "SimpleMemoryCache",
        lambda cache: {"locking": True, "distributed": True, "sharded": True},
    )
    strategy = CacheStrategy.detect(memory(), detectors=registry)
    assert not strategy.supports("locking")
    assert not strategy.supports("distributed")
    assert strategy.supports("sharded")
    assert strategy.supports("ttl_inspection")
    assert {
        name: strategy.sources[name]
        for name in ("locking", "distributed", "sharded", "key_transformation")
    } == {
        "locking": "declared",
        "distributed": "built in",
        "sharded": "detector",
        "key_transformation": "built in",
    }


def test_a_cache_that_nobody_knows_is_seen_by_its_methods():
    class Cache:
        namespace = "shop"

        def expires_in(self, key):
            """Seen by its name."""

        add = increment = compare_and_set = compare_and_delete = expires_in

    strategy = CacheStrategy.detect(Cache())
    assert [name for name in CAPABILITIES if strategy.supports(name)] == [
        *("atomic_increment", "ttl_inspection", "namespace_support", "key_transformation")
    ]
    assert strategy.sources["atomic_increment"] == "probed"
    assert strategy.sources["distributed"] == "default"
    assert strategy.mode == "local_only"


def test_detectors_by_pattern_priority_and_order():
    registry, _ = _registry()
    registry.register_detector(re.compile(r"\.Pla..$"), lambda cache: {"a": True, "b": True})
    registry.register_detector("Plain", lambda cache: {"b": False, "c": True})
    registry.register_detector("Plain", lambda cache: {"c": False, "d": None}, priority=-1)
    registry.register_detector("P.*n", lambda cache: {"a": False})
    assert registry.detect(Plain()) == {"a": True, "b": False, "c": True}
    assert len(registry.detectors) == 4
    registry.clear_detectors()
    assert registry.detect(Plain()) == {}


def test_a_detector_that_fails_is_told_once_and_the_others_are_heard():
    def broken(cache):
        raise RuntimeError("no idea")

    registry, told = _registry()
    registry.register_detector("Plain", broken)
    registry.register_detector("Plain", lambda cache: 3)
    registry.register_detector("Plain", lambda cache: {"distributed": True})
    for _ in range(3):
        assert CacheStrategy.detect(Plain(), detectors=registry).supports("distributed")
    warnings = [notice for notice in told if notice.trouble]
    assert len(warnings) == 2
    assert "RuntimeError: no idea" in str(warnings[0].facts["error"])


def test_a_cache_that_cannot_be_looked_at_is_local_only_and_told_once():
    class Hostile:
        @property
        def declared_cache_capabilities(self):
            raise RuntimeError("look away")

    registry, told = _registry()
    for _ in range(3):
        strategy = CacheStrategy.detect(Hostile(), detectors=registry)
        assert strategy.mode == "local_only"
        assert strategy.export_capabilities()["store_class"].endswith("Hostile")
    assert [notice.trouble for notice in told] == [True]
    assert "coordination is local" in told[0].text


def test_a_strategy_is_told_once_for_each_class_and_mode():
    registry, told = _registry()
    for _ in range(3):
        CacheStrategy.detect(MemoryCache(), detectors=registry)
        CacheStrategy.detect(MemcachedCache("localhost"), detectors=registry)
    assert [notice.facts["mode"] for notice in told] == ["local_only", "distributed_basic"]
    assert not any(notice.trouble for notice in told)


def test_what_is_declared_after_a_detection_counts_in_the_next():
    class Cache(CacheCapabilities, capabilities={"distributed": True}):
        pass

    registry, told = _registry()
    assert CacheStrategy.detect(Cache(), detectors=registry).mode == "local_only"
    Cache.supports_atomic_increment()
    assert CacheStrategy.detect(Cache(), detectors=registry).mode == "distributed_basic"
    assert len(told) == 2


def test_no_cache_is_local_only_without_a_word():
    registry, told = _registry()
    strategy = CacheStrategy.detect(None, detectors=registry, instance_id="web-7")
    assert (strategy.mode, strategy.cache_class) == ("local_only", "Unknown")
    assert strategy.instance_id == "web-7"
    assert not strategy.supports("anything")
    assert told == []


def test_what_is_exported_is_a_copy():
    strategy = CacheStrategy.detect(MemoryCache())
    exported = strategy.export_capabilities()
    assert exported["store_class"] == "tasker.stores.caches.memory.MemoryCache"
    exported["distributed"] = True
    assert not strategy.supports("distributed")


def test_the_process_is_named_by_host_and_number(monkeypatch):
    monkeypatch.setenv("HOSTNAME", "web-1")
    monkeypatch.setattr("os.getpid", lambda: 42)
    assert CacheStrategy.detect(None).instance_id == "web-1-42"
