"""What a killed process leaves behind."""

import pytest

from tasker.stores import SqliteStore, StoreInUseError
from tasker.stores.contract.records import found, node
from tests.stores.processes import child


async def test_acknowledged_appends_survive_sigkill(tmp_path):
    path = tmp_path / "killed.db"
    acknowledged = {}
    for turn, patience in enumerate((1, 5, 17, 60)):
        async with child("journal", str(path), f"run{turn}") as process:
            for _ in range(patience):
                await process.line()
            process.process.kill()
            await process.process.wait()
            # It went on while it was being killed; what it said then counts too.
            last = [f"run{turn} {patience}", *await process.rest()][-1]
            acknowledged[f"run{turn}"] = int(last.split()[1])

    store = SqliteStore(path)
    await store.open()
    try:
        for prefix, seq in acknowledged.items():
            snapshots = [await found(store, f"{prefix}-{number}") for number in range(3)]
            seqs = {snapshot.seq for snapshot in snapshots}
            # The commit that was under way is recorded whole or not at all.
            assert len(seqs) == 1
            assert seqs <= {seq, seq + 1}
            assert all(len(snapshot.steps) == snapshot.seq for snapshot in snapshots)
        assert await store.execute("PRAGMA integrity_check") == [("ok",)]
    finally:
        await store.close()


async def test_the_lock_dies_with_its_process(tmp_path):
    path = tmp_path / "joined.db"
    store = SqliteStore(path)
    await store.open()
    try:
        async with child("work", str(path)) as process:
            assert await process.line() == "joined"
            assert await store.holder() == node("child")
            with pytest.raises(StoreInUseError, match=r"process 4711 on here\.example"):
                await store.join(node("next"))
            process.process.kill()
            await process.process.wait()
        assert await store.holder() is None
        assert await store.join(node("next")) == 1
        assert (await found(store, "owned")).task.owner is None
    finally:
        await store.close()


async def test_a_forgotten_close_does_not_keep_the_process(tmp_path):
    async with child("forget", str(tmp_path / "forgotten.db")) as process:
        assert await process.line() == "committed"
        assert await process.process.wait() == 0
