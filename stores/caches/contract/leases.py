"""Checks of `LockingCache`: leases under tokens, and counters with a floor."""

from __future__ import annotations

from tasker.stores.caches.contract.connections import Connections
from tasker.stores.contract import expect
from tasker.stores.contract.timing import race, until

LONG = 60.0
MANY = 20


async def check_of_many_who_want_a_lease_one_gets_it(connections: Connections) -> None:
    """A lease is given once; with several slots, as many times."""
    both = (connections.connect(), connections.connect())
    for slots in (1, 3):
        key = connections.key()

        async def take(turn: int, key: str = key, slots: int = slots) -> bool:
            return bool(
                await both[turn % 2].acquire(key, f"t{turn}", ttl_seconds=LONG, slots=slots)
            )

        expect.equal(sum(await race(MANY, take)), slots, "a slot is given once")


async def check_a_lease_is_of_its_token(connections: Connections) -> None:
    """Nobody else prolongs or ends it; its token does, and can take it again."""
    one, key = connections.connect(), connections.key()
    await one.acquire(key, "mine", ttl_seconds=LONG)
    expect.true(not await one.extend(key, "yours", ttl_seconds=LONG), "another does not prolong it")
    expect.true(not await one.release(key, "yours"), "another does not end it")
    expect.true(not await one.acquire(key, "yours", ttl_seconds=LONG), "it is still held")
    expect.true(await one.acquire(key, "mine", ttl_seconds=LONG), "its token keeps it")
    expect.true(await one.extend(key, "mine", ttl_seconds=LONG), "and prolongs it")
    expect.true(await one.release(key, "mine"), "and ends it")
    expect.true(not await one.release(key, "mine"), "once")
    expect.true(await one.acquire(key, "yours", ttl_seconds=LONG), "then it is free")


async def check_a_lease_ends_by_itself(connections: Connections) -> None:
    """A lease that is not prolonged ends, and cannot be prolonged any more."""
    one, key, ttl = connections.connect(), connections.key(), 0.4
    await one.acquire(key, "mine", ttl_seconds=ttl, slots=2)
    await one.acquire(key, "yours", ttl_seconds=LONG, slots=2)

    async def free() -> bool:
        return bool(await one.acquire(key, "theirs", ttl_seconds=LONG, slots=2))

    late = ttl + connections.lateness_seconds
    await until(connections, free, within_seconds=late, promise="a lease ends by itself")
    expect.true(not await one.extend(key, "mine", ttl_seconds=ttl), "what ended is not prolonged")
    expect.true(await one.extend(key, "yours", ttl_seconds=ttl), "the others go on")


async def check_a_short_lease_does_not_end_a_long_one(connections: Connections) -> None:
    """Each lease of a key has its own time, in whatever order they were given."""
    one, key, ttl = connections.connect(), connections.key(), 0.3
    await one.acquire(key, "long", ttl_seconds=LONG, slots=2)
    await one.acquire(key, "short", ttl_seconds=ttl, slots=2)
    await connections.wait(ttl + connections.lateness_seconds + 0.1)
    expect.true(await one.extend(key, "long", ttl_seconds=LONG), "a long lease goes on")


async def check_a_prolonged_lease_lasts(connections: Connections) -> None:
    """Prolonging counts from now on."""
    one, key, ttl = connections.connect(), connections.key(), 1.0
    await one.acquire(key, "mine", ttl_seconds=ttl)
    await connections.wait(ttl / 2)
    await one.extend(key, "mine", ttl_seconds=LONG)
    await connections.wait(ttl)
    expect.true(not await one.acquire(key, "yours", ttl_seconds=LONG), "a prolonged lease lasts")


async def check_advancing_at_once_gives_each_a_place(connections: Connections) -> None:
    """Many who advance at once are told each place once."""
    both, key = (connections.connect(), connections.connect()), connections.key()

    async def advance(turn: int) -> int:
        return int(await both[turn % 2].advance(key, by=3, floor=100, ttl_seconds=LONG))

    told = sorted(await race(MANY, advance))
    expect.equal(told, [100 + 3 * turn for turn in range(MANY)], "each place is told once")


async def check_floor_and_ceiling_hold(connections: Connections) -> None:
    """A counter is raised to its floor, and left alone above its ceiling."""
    one, key, now = connections.connect(), connections.key(), 1_764_000_000_123_456
    first = await one.advance(key, by=10, floor=now, ttl_seconds=LONG)
    expect.equal(first, now, "it starts at its floor, in microseconds since 1970 too")
    lower = await one.advance(key, by=10, floor=5, ttl_seconds=LONG)
    expect.equal(lower, now + 10, "a lower floor does not matter")
    for _ in range(2):
        above = await one.advance(key, by=10, floor=5, ceiling=now + 19, ttl_seconds=LONG)
        expect.equal(above, now + 20, "above the ceiling it tells, and does not go on")
    at = await one.advance(key, by=10, floor=5, ceiling=now + 20, ttl_seconds=LONG)
    expect.equal(at, now + 20, "at the ceiling it goes on")
    beyond = await one.advance(key, by=0, floor=5, ttl_seconds=LONG)
    expect.equal(beyond, now + 30, "by as much as it was told to")
    raised = await one.advance(key, by=1, floor=now + 500, ttl_seconds=LONG)
    expect.equal(raised, now + 500, "a greater floor raises it")
