"""Definitions by namespace, name and version, and by hash."""

import contextlib
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from tasker.definitions import Definition
from tasker.errors import DefinitionConflictError, UnknownDefinitionError
from tasker.registry import Registry


class Entry(Struct):
    definition: Definition
    source: str


def entry(name="a", version="1.0.0", namespace="default", source="here", **fields):
    definition = Definition(name=name, namespace=namespace, version=version, **fields)
    return Entry(definition=definition, source=source)


@pytest.fixture
def registry():
    return Registry[Entry]()


def test_what_was_registered_is_got_by_name_namespace_and_version(registry):
    one = registry.register(entry())
    two = registry.register(entry(version="1.1.0"))
    other = registry.register(entry(namespace="shop"))
    assert registry.get("a", version="1.0.0") is one
    assert registry.get("a", "default", "1.1.0") is two
    assert registry.get("a", "shop") is other


def test_the_default_is_the_latest_by_precedence(registry):
    for version in ("1.2.0", "1.10.0", "1.9.0", "2.0.0-rc.1"):
        registry.register(entry(version=version))
    assert registry.get("a").definition.version == "1.10.0"
    assert registry.get("a", version="latest").definition.version == "1.10.0"
    assert registry.get("a", prereleases=True).definition.version == "2.0.0-rc.1"
    assert registry.get("a", version="2.0.0-rc.1").definition.version == "2.0.0-rc.1"


def test_a_prerelease_alone_is_not_taken_for_the_latest(registry):
    registry.register(entry(version="1.0.0-rc.2"))
    registry.register(entry(version="1.0.0-rc.1"))
    with pytest.raises(UnknownDefinitionError) as caught:
        registry.get("a")
    assert caught.value.only_prereleases
    assert caught.value.known == ("1.0.0-rc.1", "1.0.0-rc.2")
    assert "pre-releases only" in str(caught.value)


def test_what_is_unknown_is_answered_with_what_is_known(registry):
    with pytest.raises(UnknownDefinitionError, match="nothing is registered"):
        registry.get("a")
    registry.register(entry("checkout", namespace="shop"))
    registry.register(entry("report", namespace="shop"))
    with pytest.raises(UnknownDefinitionError) as caught:
        registry.get("chekout", "shop")
    assert caught.value.known == ("shop.checkout",)
    with pytest.raises(UnknownDefinitionError) as caught:
        registry.get("zzz")
    assert caught.value.known == ("shop.checkout", "shop.report")
    with pytest.raises(UnknownDefinitionError) as caught:
        registry.get("report", "shop", "9.9.9")
    assert caught.value.known == ("1.0.0",)
    assert not caught.value.only_prereleases


def test_the_same_definition_again_changes_nothing(registry):
    first = registry.register(entry(source="first"))
    assert registry.register(entry(source="second")) is first
    assert registry.get("a").source == "first"


def test_a_conflict_names_both_sources_and_changes_nothing(registry):
    first = registry.register(entry(source="a.yaml:1"))
    with pytest.raises(DefinitionConflictError) as caught:
        registry.register(entry(source="b.yaml:7", priority=1))
    assert (caught.value.existing, caught.value.incoming) == ("a.yaml:1", "b.yaml:7")
    assert "default.a@1.0.0" in str(caught.value)
    assert registry.get("a") is first
    assert registry.statistics().definitions == 1


def test_a_replaced_definition_is_still_found_by_its_hash(registry):
    old = registry.register(entry())
    new = registry.register(entry(priority=1), replace=True)
    assert registry.get("a") is new
    assert registry.find_by_hash(old.definition.hash) is old
    assert registry.find_by_hash(new.definition.hash) is new
    assert registry.find_by_hash("unknown") is None
    assert registry.statistics().replaced == 1


def test_an_unregistered_definition_is_found_by_hash_alone(registry):
    old = registry.register(entry())
    assert registry.unregister("a", "default", "1.0.0") is old
    with pytest.raises(UnknownDefinitionError):
        registry.get("a")
    assert registry.find_by_hash(old.definition.hash) is old
    assert registry.namespaces() == ()
    with pytest.raises(UnknownDefinitionError):
        registry.unregister("a", "default", "1.0.0")
    registry.register(entry(priority=3))
    assert registry.get("a").definition.priority == 3


def test_lists_are_in_order(registry):
    for name, namespace, version in [
        ("b", "z", "1.0.0"),
        ("a", "z", "1.10.0"),
        ("a", "z", "1.9.0"),
        ("c", "y", "1.0.0"),
    ]:
        registry.register(entry(name, version, namespace))
    assert [each.definition.full_name for each in registry.list()] == [
        "y.c@1.0.0",
        "z.a@1.9.0",
        "z.a@1.10.0",
        "z.b@1.0.0",
    ]
    assert [each.definition.name for each in registry.list("y")] == ["c"]
    assert registry.list("absent") == []
    assert registry.namespaces() == ("y", "z")


def test_statistics_count_names_and_versions_apart(registry):
    registry.register(entry(version="1.0.0"))
    registry.register(entry(version="0.9.0"))
    registry.register(entry("b", namespace="shop"))
    statistics = registry.statistics()
    assert (statistics.namespaces, statistics.names, statistics.definitions) == (2, 2, 3)
    assert statistics.replaced == 0
    assert statistics.by_namespace == {"default": 2, "shop": 1}
    assert statistics.versions == {"default.a": ("0.9.0", "1.0.0"), "shop.b": ("1.0.0",)}


def test_health_warns_of_what_cannot_be_got_by_default(registry):
    assert not registry.health().healthy
    assert "no definition" in registry.health().warnings[0]
    registry.register(entry())
    assert registry.health().healthy
    assert registry.health().warnings == ()
    registry.register(entry("b", "1.0.0-rc.1"))
    assert registry.health().healthy
    assert "default.b has pre-releases only" in registry.health().warnings[0]


def test_two_registries_never_meet(registry):
    registry.register(entry())
    assert Registry[Entry]().list() == []


def test_of_many_threads_that_claim_one_name_exactly_one_wins(registry):
    threads = 16
    ready = threading.Barrier(threads)

    def claim(index):
        ready.wait()
        try:
            registry.register(entry(source=str(index), priority=index))
        except DefinitionConflictError:
            return None
        return index

    with ThreadPoolExecutor(threads) as pool:
        winners = [each for each in pool.map(claim, range(threads)) if each is not None]
    assert winners == [registry.get("a").definition.priority]


def test_readers_and_writers_in_threads_see_whole_states(registry):
    registry.register(entry("steady"))
    stop = threading.Event()
    failures: list[BaseException] = []

    def write(seed):
        chance = random.Random(seed)
        for _ in range(300):
            name, version = chance.choice("abc"), f"1.{chance.randrange(5)}.0"
            registry.register(entry(name, version), replace=True)
            with contextlib.suppress(UnknownDefinitionError):  # another writer was faster
                registry.unregister(name, "default", version)

    def read():
        try:
            while not stop.is_set():
                assert registry.get("steady").definition.name == "steady"
                statistics = registry.statistics()
                assert sum(statistics.by_namespace.values()) == statistics.definitions
                registry.list()
                registry.health()
        except BaseException as error:
            failures.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    writers = [threading.Thread(target=write, args=(seed,)) for seed in range(3)]
    for thread in [*readers, *writers]:
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in readers:
        thread.join()
    assert failures == []
    assert [each.definition.name for each in registry.list()] == ["steady"]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["1.0.0", "1.1.0", "2.0.0-a"]))))
def test_every_registered_version_is_got_again(pairs):
    registry = Registry[Entry]()
    for name, version in pairs:
        registry.register(entry(name, version))
    for name, version in pairs:
        assert registry.get(name, version=version).definition.version == version
    assert registry.statistics().definitions == len(set(pairs))
