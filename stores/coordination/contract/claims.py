"""Checks of `claim`, `renew` and `release`."""

from __future__ import annotations

from msgspec.structs import replace

from tasker.stores.contract import expect
from tasker.stores.contract.timing import race, until
from tasker.stores.coordination.contract.participants import Participants
from tasker.stores.coordination.protocol import Claim, Coordination

LONG = 60.0


async def claimed(by: Coordination, name: str, *, ttl_seconds: float = LONG) -> Claim:
    """Claim a name that is free."""
    claim = await by.claim(name, ttl_seconds=ttl_seconds)
    if claim is None:
        raise expect.BrokenPromiseError(f"a free name can be claimed: {name}")
    return claim


async def check_of_many_one_gets_the_claim(participants: Participants) -> None:
    """Of many who claim a name at once, one gets it, with a token of its own."""
    everybody = [participants.join() for _ in range(3)]
    name = participants.key()

    async def claim(turn: int) -> Claim | None:
        return await everybody[turn % 3].claim(name, ttl_seconds=LONG)

    given = [claim for claim in await race(12, claim) if claim is not None]
    expect.equal(len(given), 1, "of many who claim a name, one gets it")
    facts = (given[0].name, given[0].ttl_seconds, given[0].shared, given[0].fence)
    expect.equal(facts, (name, LONG, participants.shared, 0), "the claim says what it is")


async def check_a_released_claim_is_free(participants: Participants) -> None:
    """Who releases says whether it was held; then another gets it."""
    one, two, name = participants.join(), participants.join(), participants.key()
    claim = await claimed(one, name)
    expect.true(await two.claim(name, ttl_seconds=LONG) is None, "what is claimed is refused")
    expect.true(await one.release(claim), "a held claim is released")
    expect.true(not await one.release(claim), "once")
    await claimed(two, name)


async def check_only_the_holder_renews_and_releases(participants: Participants) -> None:
    """Another token does nothing to a claim."""
    one, two, name = participants.join(), participants.join(), participants.key()
    claim = await claimed(one, name)
    forged = replace(claim, token="of-somebody-else")
    expect.true(await two.renew(forged) is None, "another token does not renew")
    expect.true(not await two.release(forged), "another token does not release")
    expect.true(await two.claim(name, ttl_seconds=LONG) is None, "the claim is still held")
    expect.true(await one.renew(claim) is not None, "by its holder")


async def check_a_claim_ends_by_itself(participants: Participants) -> None:
    """A claim that is not renewed ends; who had it cannot renew or release it."""
    one, two, name, ttl = participants.join(), participants.join(), participants.key(), 0.5
    claim = await claimed(one, name, ttl_seconds=ttl)

    async def free() -> bool:
        return await two.claim(name, ttl_seconds=LONG) is not None

    late = ttl + participants.lateness_seconds
    await until(participants, free, within_seconds=late, promise="a claim ends by itself")
    expect.true(await one.renew(claim) is None, "what ended is not renewed")
    expect.true(not await one.release(claim), "and not released")
    expect.true(await one.claim(name, ttl_seconds=LONG) is None, "the new claim holds")


async def check_a_renewed_claim_lasts(participants: Participants) -> None:
    """Renewing counts from now on, for the claim and for the trust in it."""
    one, two, name, ttl = participants.join(), participants.join(), participants.key(), 2.0
    claim = await claimed(one, name, ttl_seconds=ttl)
    for _ in range(4 + round(participants.lateness_seconds / ttl) * 2):
        await participants.wait(ttl / 2)
        renewed = await one.renew(claim)
        if renewed is None:
            raise expect.BrokenPromiseError("a claim that is renewed in time lasts")
        trusted = renewed.trusted_until - claim.trusted_until
        expect.true(abs(trusted - ttl / 2) < 1e-6, f"renewed after {ttl / 2} s: {trusted}")
        claim = renewed
        expect.true(await two.claim(name, ttl_seconds=ttl) is None, "nobody else gets it")


async def check_slots_are_as_many_as_said(participants: Participants) -> None:
    """With slots, so many hold a name at once, and each frees its own."""
    everybody = [participants.join() for _ in range(2)]
    name = participants.key()

    async def claim(turn: int) -> Claim | None:
        return await everybody[turn % 2].claim(name, ttl_seconds=LONG, slots=3)

    given = [claim for claim in await race(10, claim) if claim is not None]
    expect.equal(len(given), 3, "so many hold a name at once")
    for held in given:
        expect.true(await everybody[0].renew(held) is not None, "each of them renews")
    expect.true(await everybody[0].release(given[1]), "each of them releases")
    again = [claim for claim in await race(4, claim) if claim is not None]
    expect.equal(len(again), 1, "what was freed is given again, once")


async def check_a_slot_cannot_leak(participants: Participants) -> None:
    """Slots whose holders are gone are free after their time, all of them."""
    one, two, name, ttl = participants.join(), participants.join(), participants.key(), 0.5
    for _ in range(3):
        await one.claim(name, ttl_seconds=ttl, slots=3)
    given: list[Claim] = []

    async def all_free() -> bool:
        while (claim := await two.claim(name, ttl_seconds=LONG, slots=3)) is not None:
            given.append(claim)
        return len(given) >= 3

    late = ttl + participants.lateness_seconds
    await until(participants, all_free, within_seconds=late, promise="a slot cannot leak")
    expect.equal(len(given), 3, "and no more than all")


async def check_names_do_not_meet(participants: Participants) -> None:
    """Claims, roles, counters and limits of one name have nothing to do with each other."""
    one, name = participants.join(), participants.key()
    await claimed(one, name)
    await claimed(one, name + "0")
    expect.equal(await one.increment(name, ttl_seconds=LONG), 1, "a counter is no claim")
    leader = await one.elect(name, ttl_seconds=LONG)
    expect.true(leader is not None, "a role is no claim")
    turn = await one.limit(name, rate=1)
    expect.equal(turn.wait_seconds, 0.0, "a limit is no counter")
