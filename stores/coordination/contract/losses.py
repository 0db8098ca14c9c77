"""Checks of what is left when the cache forgets everything."""

from __future__ import annotations

from tasker.stores.contract import expect
from tasker.stores.coordination.contract.claims import claimed
from tasker.stores.coordination.contract.participants import Participants

LONG = 60.0


async def check_work_goes_on_after_a_flush(participants: Participants) -> None:
    """What was held is lost and told so; everything can be had again."""
    one, two, name = participants.join(), participants.join(), participants.key()
    claim = await claimed(one, name)
    await one.increment(name, 5, ttl_seconds=LONG)
    await one.limit(name, rate=1)
    await participants.flush()
    expect.true(await one.renew(claim) is None, "what was held is lost")
    expect.true(not await one.release(claim), "and there is nothing to release")
    await claimed(two, name)
    expect.equal(await two.increment(name, ttl_seconds=LONG), 1, "counters start anew")
    turn = await two.limit(name, rate=1)
    expect.equal(turn.wait_seconds, 0.0, "limits start anew")
