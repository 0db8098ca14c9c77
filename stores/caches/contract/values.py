"""Checks of `Cache`: what is kept, and for how long."""

from __future__ import annotations

from tasker.stores.caches.contract.connections import Connections
from tasker.stores.contract import expect
from tasker.stores.contract.timing import until

LONG = 60.0


async def check_a_value_is_read_as_it_was_written(connections: Connections) -> None:
    """What is set is read, byte by byte, by every connection."""
    one, two = connections.connect(), connections.connect()
    for value in (b"", b"0", bytes(range(256)), b"\r\nEND\r\n", b"x" * 100_000):
        key = connections.key()
        await one.set(key, value, ttl_seconds=LONG)
        expect.true(await two.get(key) == value, "a value is read as it was written")


async def check_the_last_value_counts(connections: Connections) -> None:
    """A value replaces the one before."""
    one, key = connections.connect(), connections.key()
    await one.set(key, b"first", ttl_seconds=LONG)
    await one.set(key, b"second", ttl_seconds=LONG)
    expect.true(await one.get(key) == b"second", "the last value counts")


async def check_nothing_is_none(connections: Connections) -> None:
    """A key under which there is nothing reads as None."""
    one = connections.connect()
    expect.true(await one.get(connections.key()) is None, "nothing reads as None")


async def check_delete_forgets(connections: Connections) -> None:
    """Deleting forgets, and says whether there was something."""
    one, key = connections.connect(), connections.key()
    await one.set(key, b"1", ttl_seconds=LONG)
    expect.true(await one.delete(key), "deleting something says so")
    expect.true(await one.get(key) is None, "what is deleted is gone")
    expect.true(not await one.delete(key), "deleting nothing says so")


async def check_a_value_expires(connections: Connections) -> None:
    """A value is there for its time to live, and gone soon after."""
    one, key, ttl = connections.connect(), connections.key(), 1.0
    await one.set(key, b"1", ttl_seconds=ttl)
    await connections.wait(ttl / 2)
    expect.true(await one.get(key) == b"1", "a value stays for its time to live")

    async def gone() -> bool:
        return await one.get(key) is None

    late = ttl + connections.lateness_seconds
    await until(connections, gone, within_seconds=late, promise="a value expires")


async def check_writing_again_starts_a_new_life(connections: Connections) -> None:
    """A value that replaces another one lives for its own time."""
    one, key = connections.connect(), connections.key()
    await one.set(key, b"short", ttl_seconds=0.5)
    await one.set(key, b"long", ttl_seconds=LONG)
    await connections.wait(0.6 + connections.lateness_seconds)
    expect.true(await one.get(key) == b"long", "a value lives for its own time")


async def check_any_key_is_taken(connections: Connections) -> None:
    """Keys of any length and with any character are told apart."""
    one, name = connections.connect(), connections.key()
    keys = [f"{name} a", f"{name}\nb", f"{name}ä", f"{name}{'x' * 300}", f"{name}{'x' * 301}"]
    for number, key in enumerate(keys):
        await one.set(key, b"%d" % number, ttl_seconds=LONG)
    found = [await one.get(key) for key in keys]
    expect.true(found == [b"%d" % number for number in range(5)], "any key is taken")


async def check_a_closed_cache_opens_again(connections: Connections) -> None:
    """Closing is safe twice, and the next call connects anew."""
    one, key = connections.connect(), connections.key()
    await one.set(key, b"1", ttl_seconds=LONG)
    await one.close()
    await one.close()
    expect.true(await one.get(key) == b"1", "a closed cache opens again")
