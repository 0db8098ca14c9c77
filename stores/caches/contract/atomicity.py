"""Checks of `SharedCache`: what happens when many want the same at once."""

from __future__ import annotations

from tasker.stores.caches.contract.connections import Connections
from tasker.stores.contract import expect
from tasker.stores.contract.timing import race, until

LONG = 60.0
MANY = 30


async def check_of_many_who_add_one_does(connections: Connections) -> None:
    """Of many who add at once, one is told so, and its value is there."""
    both, key = (connections.connect(), connections.connect()), connections.key()

    async def add(turn: int) -> int | None:
        added = await both[turn % 2].add(key, b"%d" % turn, ttl_seconds=LONG)
        return turn if added else None

    winners = [turn for turn in await race(MANY, add) if turn is not None]
    expect.equal(len(winners), 1, "of many who add, one is told so")
    expect.true(await both[0].get(key) == b"%d" % winners[0], "its value is there")


async def check_what_was_added_expires(connections: Connections) -> None:
    """An added value expires, and then another can be added."""
    one, key, ttl = connections.connect(), connections.key(), 0.5
    await one.add(key, b"1", ttl_seconds=ttl)
    expect.true(not await one.add(key, b"2", ttl_seconds=ttl), "what is there is not added to")

    async def free() -> bool:
        return bool(await one.add(key, b"3", ttl_seconds=LONG))

    late = ttl + connections.lateness_seconds
    await until(connections, free, within_seconds=late, promise="an added value expires")


async def check_counting_at_once_loses_nothing(connections: Connections) -> None:
    """Many increments at once of an absent counter are told each number once."""
    both, key = (connections.connect(), connections.connect()), connections.key()

    async def count(turn: int) -> int:
        return int(await both[turn % 2].increment(key, ttl_seconds=LONG))

    told = sorted(await race(MANY, count))
    expect.equal(told, list(range(1, MANY + 1)), "no two are told the same number")
    expect.equal(await both[0].increment(key, 12, ttl_seconds=LONG), MANY + 12, "by any number")
    expect.true(await both[0].get(key) == b"%d" % (MANY + 12), "a counter reads as its digits")


async def check_a_counter_ends_when_it_was_to(connections: Connections) -> None:
    """The life of a counter is that of its beginning; then it starts at 0."""
    one, key, ttl = connections.connect(), connections.key(), 1.0
    await one.increment(key, 5, ttl_seconds=ttl)

    async def anew() -> bool:
        return int(await one.increment(key, ttl_seconds=ttl)) <= 2

    late = 2 * ttl + connections.lateness_seconds
    await until(connections, anew, within_seconds=late, promise="counting does not prolong")


async def check_of_many_who_replace_one_does(connections: Connections) -> None:
    """Of many who expect the same value at once, one replaces it."""
    both, key = (connections.connect(), connections.connect()), connections.key()
    await both[0].set(key, b"old", ttl_seconds=LONG)

    async def swap(turn: int) -> int | None:
        done = await both[turn % 2].compare_and_set(key, b"old", b"%d" % turn, ttl_seconds=LONG)
        return turn if done else None

    winners = [turn for turn in await race(MANY, swap) if turn is not None]
    expect.equal(len(winners), 1, "of many who expect the same, one replaces it")
    expect.true(await both[0].get(key) == b"%d" % winners[0], "its value is there")


async def check_only_what_is_expected_is_replaced(connections: Connections) -> None:
    """Another value, or none, is not replaced; replacing starts a new life."""
    one, key, ttl = connections.connect(), connections.key(), 0.5
    nothing = await one.compare_and_set(key, b"a", b"b", ttl_seconds=LONG)
    expect.true(not nothing, "nothing is not replaced")
    await one.set(key, b"c", ttl_seconds=ttl)
    other = await one.compare_and_set(key, b"a", b"b", ttl_seconds=LONG)
    expect.true(not other and await one.get(key) == b"c", "another value is not replaced")
    expect.true(await one.compare_and_set(key, b"c", b"c", ttl_seconds=LONG), "by the same, too")
    await connections.wait(ttl + 0.1 + connections.lateness_seconds)
    expect.true(await one.get(key) == b"c", "replacing starts a new life")


async def check_only_what_is_expected_is_deleted(connections: Connections) -> None:
    """A value is deleted by who knows it."""
    one, key = connections.connect(), connections.key()
    await one.set(key, b"mine", ttl_seconds=LONG)
    expect.true(not await one.compare_and_delete(key, b"yours"), "another value is not deleted")
    expect.true(await one.get(key) == b"mine", "and stays")
    expect.true(await one.compare_and_delete(key, b"mine"), "what is expected is deleted")
    expect.true(await one.get(key) is None, "and gone")
    expect.true(not await one.compare_and_delete(key, b"mine"), "once")
