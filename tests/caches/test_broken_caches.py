"""The suite catches each cache that breaks a promise, and the probe those that it can."""

from types import new_class

import pytest

from tasker.stores.caches import CacheStrategy, CoordinationMode, probe_capabilities, proven
from tasker.stores.caches.contract import cache_promises
from tests.caches.broken import CAUGHT_BY
from tests.caches.connections import MemoryConnections

KINDS = [pytest.param(kind, id=kind.__name__) for kind in CAUGHT_BY]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_broken_cache_is_caught(kind):
    caught = set()
    for promise in cache_promises():
        # A cache that is wrong enough makes a check stumble: that counts too.
        try:
            await promise.run(MemoryConnections(kind))
        except Exception:
            caught.add(promise.name)
    assert caught >= CAUGHT_BY[kind][0]
    # What none of them breaks is not blamed on any.
    assert "nothing_is_none" not in caught


@pytest.mark.parametrize("kind", KINDS)
async def test_the_probe_takes_away_what_is_not_real(kind):
    declared = new_class("Declared", (kind,), {"capabilities": {"distributed": True}})
    strategy = CacheStrategy.detect(declared())
    assert strategy.mode is CoordinationMode.DISTRIBUTED_ATOMIC
    verdicts = await probe_capabilities(declared(), strategy)
    refused = {each.capability for each in verdicts if each.reason is not None}
    wanted = CAUGHT_BY[kind][1]
    assert wanted in refused if wanted else True
    tried = proven(strategy, verdicts)
    assert not any(tried.supports(capability) for capability in refused)
    if refused & {"atomic_increment"}:
        assert tried.mode is CoordinationMode.LOCAL_ONLY
    elif "locking" in refused:
        assert tried.mode is CoordinationMode.DISTRIBUTED_BASIC
