"""Checks of `InspectsTtl`: how long an entry stays."""

from __future__ import annotations

from tasker.stores.caches.contract.connections import Connections
from tasker.stores.contract import expect


async def check_what_is_left_is_told(connections: Connections) -> None:
    """The time that is left shrinks as time goes by; nothing has none."""
    one, key, ttl = connections.connect(), connections.key(), 50.0
    expect.true(await one.expires_in(key) is None, "nothing has no time left")
    await one.set(key, b"1", ttl_seconds=ttl)
    first = await one.expires_in(key)
    late = connections.lateness_seconds
    expect.true(first is not None and ttl - 5 <= first <= ttl + late, f"{first} s of {ttl:g} s")
    await connections.wait(2.1)
    second = await one.expires_in(key)
    expect.true(second is not None and second < first, f"{second} s are left after {first} s")
    await one.delete(key)
    expect.true(await one.expires_in(key) is None, "what is deleted has no time left")
