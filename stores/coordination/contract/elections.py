"""Checks of `elect`: one leader, and fences that rise."""

from __future__ import annotations

from tasker.stores.contract import expect
from tasker.stores.contract.timing import race, until
from tasker.stores.coordination.contract.participants import Participants
from tasker.stores.coordination.protocol import Claim, Coordination

LONG = 60.0


async def elected(
    by: Coordination, role: str, *, ttl_seconds: float = LONG, above: int = 0
) -> Claim:
    """Be elected where nobody else leads."""
    leader = await by.elect(role, ttl_seconds=ttl_seconds, above=above)
    if leader is None:
        raise expect.BrokenPromiseError(f"who stands alone is elected: {role}")
    return leader


async def check_one_leads(participants: Participants) -> None:
    """Of many who stand at once one is elected, and stays so; its fence stays."""
    everybody, role = [participants.join() for _ in range(4)], participants.key()

    async def stand(turn: int) -> tuple[int, Claim | None]:
        return turn, await everybody[turn].elect(role, ttl_seconds=LONG)

    for round_number in range(3):
        leaders = [(turn, held) for turn, held in await race(4, stand) if held is not None]
        expect.equal(len(leaders), 1, "one leads")
        if round_number == 0:
            first = leaders[0]
        (turn, held) = leaders[0]
        expect.equal(turn, first[0], "who leads goes on leading")
        expect.true(held.fence == first[1].fence > 0, "its fence stays")
        expect.equal(held.shared, participants.shared, "it says who knows")


async def check_the_next_leader_has_a_greater_fence(participants: Participants) -> None:
    """After a release, and after the time, the next one leads with a greater fence."""
    one, two, role, ttl = participants.join(), participants.join(), participants.key(), 0.5
    first = await elected(one, role)
    await one.release(first)
    second = await elected(two, role, ttl_seconds=ttl)
    expect.true(second.fence > first.fence, "a fence is greater than the one before")
    expect.true(await one.elect(role, ttl_seconds=LONG) is None, "who released does not lead")
    third: list[Claim] = []

    async def next_one() -> bool:
        leader = await one.elect(role, ttl_seconds=LONG)
        third.extend([] if leader is None else [leader])
        return leader is not None

    late = ttl + participants.lateness_seconds
    await until(participants, next_one, within_seconds=late, promise="a silent leader is replaced")
    expect.true(third[0].fence > second.fence, "a fence is greater than the one before")
    expect.true(await two.elect(role, ttl_seconds=LONG) is None, "who was silent has lost")


async def check_fences_rise_over_a_flush(participants: Participants) -> None:
    """When the cache has forgotten everything, fences still rise."""
    one, two, role = participants.join(), participants.join(), participants.key()
    first = await elected(one, role)
    await participants.wait(0.01)
    await participants.flush()
    second = await elected(two, role)
    expect.true(second.fence > first.fence, "fences rise over a flush")
    expect.true(await one.elect(role, ttl_seconds=LONG) is None, "the one before stands down")


async def check_a_fence_can_be_asked_for(participants: Participants) -> None:
    """Who is refused asks for a greater fence, and leads with it."""
    one, role = participants.join(), participants.key()
    first = await elected(one, role)
    above = first.fence + 1_000_000_000
    second = await elected(one, role, above=above)
    expect.true(second.fence > above, "the fence is greater than was asked for")
    third = await elected(one, role)
    expect.equal(third.fence, second.fence, "and stays")
