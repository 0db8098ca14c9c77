"""Ten thousand tasks at once: memory stays bounded, and submit waits rather than grows."""

import json
import sys
from pathlib import Path

import anyio
import pytest

from tests.engine.load import CAPACITY, RESIDENT

ROOT = Path(__file__).parents[2]
TASKS = 10_000
MOST_BYTES_PER_TASK = 16 * 1024
"""Of the whole process, with 10,000 callers of `submit` that wait at once, and,
on the store in memory, with everything that is recorded."""


@pytest.mark.parametrize("store", ["memory", "shared"])
async def test_ten_thousand_tasks_at_once(store, store_url):
    url = "memory://" if store == "memory" else store_url
    command = [sys.executable, "-W", "error", "-m", "tests.engine.load", url, str(TASKS)]
    done = await anyio.run_process(command, cwd=ROOT, stderr=None)
    said = json.loads(done.stdout)
    assert said["counts"] == {"complete": TASKS + 1}
    assert said["ids"] == TASKS
    assert said["grown"] < TASKS * MOST_BYTES_PER_TASK
    # All wanted in at once; the engine let in what it had room for.
    assert said["submitting"] == TASKS
    assert 0 < said["resident"] <= RESIDENT
    assert 0 < said["queued"] <= CAPACITY
    assert said["left"] == 0
    # Many appends to a commit, or a sync of the disk for each would be the limit.
    assert said["appends"] / said["commits"] > CAPACITY / 4
