"""Checks of `hold`, `held` and `lift`."""

from __future__ import annotations

from tasker.stores.contract import expect
from tasker.stores.contract.timing import until
from tasker.stores.coordination.contract.participants import Participants
from tasker.stores.coordination.protocol import Coordination

SLACK_SECONDS = 1e-5


async def _expect(by: Coordination, name: str, seconds: float | None, promise: str) -> None:
    found = await by.held(name)
    near = found == seconds or (
        found is not None and seconds is not None and abs(found - seconds) < SLACK_SECONDS
    )
    if not near:
        raise expect.BrokenPromiseError(f"{promise}\n  wanted: {seconds}\n  found:  {found}")


async def check_a_hold_is_seen_by_all(participants: Participants) -> None:
    """A hold is seen by everybody, and shrinks as time goes by; a longer one stays."""
    one, two, name = participants.join(), participants.join(), participants.key()
    await _expect(two, name, None, "nothing is held at first")
    await one.hold(name, seconds=60)
    await _expect(two, name, 60, "a hold is seen by all")
    await participants.wait(0.5)
    await two.hold(name, seconds=10)
    await _expect(one, name, 59.5, "a longer hold stays")
    await two.hold(name, seconds=90)
    await _expect(one, name, 90, "a longer hold counts")


async def check_a_lifted_hold_is_gone(participants: Participants) -> None:
    """Lifting forgets it, for all."""
    one, two, name = participants.join(), participants.join(), participants.key()
    await one.hold(name, seconds=60)
    await two.lift(name)
    await _expect(one, name, None, "a lifted hold is gone")


async def check_a_hold_is_remembered_and_then_forgotten(participants: Participants) -> None:
    """When it is over, it is told of for a while, and then no more."""
    one, name = participants.join(), participants.key()
    await one.hold(name, seconds=0.2, remembered_seconds=0.8)
    await participants.wait(0.4)
    await _expect(one, name, -0.2, "a hold that is over is remembered")

    async def forgotten() -> bool:
        return await one.held(name) is None

    late = 0.6 + participants.lateness_seconds
    await until(participants, forgotten, within_seconds=late, promise="and then forgotten")
