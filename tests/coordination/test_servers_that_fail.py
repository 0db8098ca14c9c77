"""Real servers that are flushed, frozen, killed and started again in mid-run."""

import anyio
import pytest

from tasker.errors import StaleFenceError
from tasker.stores.caches import DetectorRegistry, Notice
from tasker.stores.coordination import FenceGate, open_coordination
from tests.caches.servers import memcached_server, redis_server

SERVERS = {"redis": redis_server, "memcached": memcached_server}


@pytest.fixture(params=SERVERS)
def server(request):
    with SERVERS[request.param]() as running:
        yield running


async def _open(url, **settings):
    return await open_coordination(url, **settings)


async def _until(what):
    with anyio.fail_after(30):
        while not await what():  # noqa: ASYNC110 - it is in another process
            await anyio.sleep(0.05)


async def test_a_frozen_server_is_not_waited_for(server):
    coordination = await _open(server.url, timeout_seconds=0.3)
    before = await coordination.claim("a", ttl_seconds=60)
    assert before.shared
    server.freeze()
    try:
        with anyio.fail_after(5):
            for name in range(50):
                assert not (await coordination.claim(f"{name}", ttl_seconds=60)).shared
    finally:
        server.thaw()

    async def back():
        claim = await coordination.claim("b", ttl_seconds=60)
        return claim is not None and claim.shared

    await _until(back)
    # No late answer was taken for another: the claim is as it was.
    assert await coordination.claim("a", ttl_seconds=60) is None
    assert (await coordination.renew(before)).token == before.token
    await coordination.close()


async def test_a_server_that_is_killed_and_started_again(server):
    told: list[Notice] = []
    registry = DetectorRegistry(tell=told.append)
    # A busy machine is not to be taken for a server that does not answer.
    coordination = await _open(server.url, timeout_seconds=20, detectors=registry)
    assert (await coordination.claim("a", ttl_seconds=60)).shared
    await anyio.to_thread.run_sync(server.kill)
    assert not (await coordination.claim("b", ttl_seconds=60)).shared
    await anyio.to_thread.run_sync(server.start)

    async def back():
        return (await coordination.elect("reaper", ttl_seconds=60)).shared

    await _until(back)
    texts = [notice.text for notice in told]
    assert "does not answer" in texts[1]
    assert "answers again" in texts[2]
    assert len(texts) == 3
    await coordination.close()


async def test_a_server_that_is_not_there_at_the_start(server):
    await anyio.to_thread.run_sync(server.kill)
    told: list[Notice] = []
    coordination = await _open(
        server.url, timeout_seconds=2, detectors=DetectorRegistry(tell=told.append)
    )
    assert any("believed" in notice.text for notice in told)
    assert not (await coordination.claim("a", ttl_seconds=60)).shared
    await anyio.to_thread.run_sync(server.start)

    async def back():
        claim = await coordination.claim("b", ttl_seconds=0.2)
        return claim is not None and claim.shared

    await _until(back)
    await coordination.close()


async def test_a_leader_from_before_a_flush_is_kept_out_by_its_fence(server):
    """Two believe that they lead; what they write to knows better."""
    one, two = [await _open(server.url, timeout_seconds=20) for _ in range(2)]
    gate = FenceGate()
    old = await one.elect("scheduler", ttl_seconds=60)
    gate.admit("scheduler", old.fence)
    await anyio.to_thread.run_sync(server.flush)
    new = await two.elect("scheduler", ttl_seconds=60)
    gate.admit("scheduler", new.fence)
    with pytest.raises(StaleFenceError, match="Stand down"):
        gate.admit("scheduler", old.fence)
    assert await one.elect("scheduler", ttl_seconds=60) is None, "it stands down"
    gate.admit("scheduler", new.fence)
    for coordination in (one, two):
        await coordination.close()
