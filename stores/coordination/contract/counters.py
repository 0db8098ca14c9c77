"""Checks of `increment`."""

from __future__ import annotations

from tasker.stores.contract import expect
from tasker.stores.contract.timing import race, until
from tasker.stores.coordination.contract.participants import Participants

LONG = 60.0
MANY = 30


async def check_counting_at_once_loses_nothing(participants: Participants) -> None:
    """Many who count at once are told each number once."""
    everybody, name = [participants.join() for _ in range(3)], participants.key()

    async def count(turn: int) -> int:
        return await everybody[turn % 3].increment(name, ttl_seconds=LONG)

    told = sorted(await race(MANY, count))
    expect.equal(told, list(range(1, MANY + 1)), "each number is told once")
    more = await everybody[0].increment(name, 10, ttl_seconds=LONG)
    expect.equal(more, MANY + 10, "a counter goes on by any number")


async def check_a_counter_starts_anew(participants: Participants) -> None:
    """A counter starts anew after its time, counted from its start."""
    one, name, ttl = participants.join(), participants.key(), 1.0
    await one.increment(name, 5, ttl_seconds=ttl)

    async def anew() -> bool:
        return await one.increment(name, ttl_seconds=ttl) <= 2

    late = 2 * ttl + participants.lateness_seconds
    await until(participants, anew, within_seconds=late, promise="a counter starts anew")


async def check_a_counter_goes_up(participants: Participants) -> None:
    """What is no step up is refused."""
    one, name = participants.join(), participants.key()
    for wrong in (0, -1):
        try:
            await one.increment(name, wrong, ttl_seconds=LONG)
        except ValueError:
            continue
        raise expect.BrokenPromiseError(f"a counter is not counted by {wrong}")
