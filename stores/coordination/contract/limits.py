"""Checks of `limit`, in a time that goes by when it is told to."""

from __future__ import annotations

from tasker.stores.contract import expect
from tasker.stores.contract.timing import race
from tasker.stores.coordination.contract.participants import Participants
from tasker.stores.coordination.protocol import Turn

SLACK_SECONDS = 1e-5


def _close(found: list[float], wanted: list[float], promise: str) -> None:
    near = len(found) == len(wanted) and all(
        abs(one - other) < SLACK_SECONDS for one, other in zip(found, wanted, strict=True)
    )
    if not near:
        raise expect.BrokenPromiseError(f"{promise}\n  wanted: {wanted}\n  found:  {found}")


async def check_places_are_evenly_spaced(participants: Participants) -> None:
    """Who asks at once gets places one interval apart, over all participants."""
    everybody, name = [participants.join() for _ in range(4)], participants.key()

    async def ask(turn: int) -> Turn:
        return await everybody[turn % 4].limit(name, rate=50)

    turns = await race(20, ask)
    waits = sorted(turn.wait_seconds for turn in turns)
    _close(waits, [number / 50 for number in range(20)], "places are one interval apart")
    expect.true(all(turn.reserved for turn in turns), "each has a place")
    expect.true(all(turn.shared == participants.shared for turn in turns), "and knows whose")


async def check_a_burst_is_saved_up(participants: Participants) -> None:
    """After a pause so many go at once, and no more however long it was."""
    one, two, name = participants.join(), participants.join(), participants.key()

    async def waits() -> list[float]:
        asked = [await by.limit(name, rate=10, burst=3) for by in (one, two, one, two, one)]
        return [turn.wait_seconds for turn in asked]

    _close(await waits(), [0, 0, 0, 0.1, 0.2], "a burst goes at once, then one by one")
    await participants.wait(100.0 if participants.lateness_seconds == 0 else 1.0)
    _close(await waits(), [0, 0, 0, 0.1, 0.2], "no more is saved up than a burst")


async def check_time_gives_places_back(participants: Participants) -> None:
    """An interval later there is one more place."""
    one, name = participants.join(), participants.key()
    await one.limit(name, rate=2, per_seconds=1.0)
    await participants.wait(0.3)
    second = await one.limit(name, rate=2, per_seconds=1.0)
    _close([second.wait_seconds], [0.2], "the rest of the interval is waited for")


async def check_who_will_not_wait_takes_no_place(participants: Participants) -> None:
    """A place that is too far away is told, and left to others."""
    one, two, name = participants.join(), participants.join(), participants.key()
    await one.limit(name, rate=1)
    for by in (one, two):
        turn = await by.limit(name, rate=1, max_wait_seconds=0.5)
        expect.true(not turn.reserved, "what is too far away is not taken")
        _close([turn.wait_seconds], [1.0], "and is told")
    near = await two.limit(name, rate=1, max_wait_seconds=1.0)
    expect.true(near.reserved, "what is near enough is taken")
    _close([near.wait_seconds], [1.0], "and is the same place")


async def check_limits_are_apart(participants: Participants) -> None:
    """One name does not slow down another."""
    one = participants.join()
    turns = [await one.limit(participants.key(), rate=1) for _ in range(3)]
    _close([turn.wait_seconds for turn in turns], [0, 0, 0], "each name has its own row")
