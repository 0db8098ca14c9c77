"""The suite catches each store that breaks a promise, by the check of that promise."""

import pytest

from tasker.stores.contract import checks
from tests.stores.broken import CAUGHT_BY
from tests.stores.databases import MemoryDatabase


async def _broken_promises(kind, tmp_path):
    caught = set()
    for check in checks():
        if check.applies_to(MemoryDatabase.capabilities):
            # A store that is wrong enough makes a check stumble: that counts too.
            try:
                await check.run(MemoryDatabase(tmp_path, kind))
            except Exception:
                caught.add(check.name)
    return caught


@pytest.mark.parametrize("kind", CAUGHT_BY, ids=lambda kind: kind.__name__)
async def test_a_broken_store_is_caught(kind, tmp_path):
    caught = await _broken_promises(kind, tmp_path)
    assert caught >= CAUGHT_BY[kind]
    # What none of them breaks is not blamed on any.
    assert "definitions_by_hash" not in caught
