"""What the store says when the database cannot do what was asked, and afterwards."""

import sqlite3

import anyio
import pytest
from msgspec import Raw

from tasker.stores import EncodingError, SqliteStore, StoreUnavailableError
from tasker.stores.contract.records import append, creation, found, node, recorded, step, task
from tests.stores.processes import child

ENOUGH = Raw(b'"' + b"x" * 100_000 + b'"')


@pytest.fixture
async def store(tmp_path):
    store = SqliteStore(tmp_path / "failing.db", busy_seconds=0.05)
    await store.open()
    yield store
    await store.close()


async def _fill_disk(store):
    await store.execute("PRAGMA max_page_count = 1")


async def _make_room(store):
    await store.execute("PRAGMA max_page_count = 1000000")


async def test_a_full_disk_fails_the_commit_and_nothing_else(store):
    await recorded(store, [creation(task("t1"))])
    await _fill_disk(store)
    batch = [
        append("t1", 2, steps=(step("small"),)),
        append("t1", 3, steps=(step("large", results=ENOUGH),)),
    ]
    with pytest.raises(StoreUnavailableError) as caught:
        await store.commit(batch)
    assert caught.value.operation == "commit"
    assert "full" in caught.value.cause
    assert store.url in str(caught.value)
    assert isinstance(caught.value.__cause__, sqlite3.Error)

    snapshot = await found(store, "t1")
    assert (snapshot.seq, snapshot.steps) == (1, ())
    await _make_room(store)
    await recorded(store, batch)
    assert (await found(store, "t1")).seq == 3


async def test_a_probe_needs_room(store):
    await store.probe()
    await store.execute("VACUUM")
    await _fill_disk(store)
    with pytest.raises(StoreUnavailableError, match="probe"):
        await store.probe()
    await _make_room(store)
    await store.probe()
    assert await store.execute("SELECT count(*) FROM probes") == [(0,)]


async def test_a_file_that_cannot_grow(tmp_path):
    async with child("limited", str(tmp_path / "limited.db")) as process:
        assert await process.rest() == ["refused: commit", "after: [None]"]


async def test_a_database_that_is_locked(store, tmp_path):
    await recorded(store, [creation(task("t1"))])
    other = SqliteStore(tmp_path / "failing.db")
    await other.open()
    await other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailableError, match="locked"):
        await store.commit([append("t1", 2)])
    with pytest.raises(StoreUnavailableError, match="locked"):
        await store.join(node("node-a"))
    assert await other.holder() is None
    assert (await found(store, "t1")).seq == 1
    await other.close()
    await recorded(store, [append("t1", 2)])
    await store.join(node("node-a"))


async def test_what_sqlite_cannot_hold_fails_its_append_alone(store):
    outcomes = await store.commit(
        [
            creation(task("t1")),
            creation(task("t2", tags=("\ud800",))),
            creation(task("t3", reason="\ud800")),
            creation(task("t4", priority=2**80)),
            append("t1", 2, steps=(step("a", results=Raw(b'"\xff"')),)),
            append("t1", 2, steps=(step("a"),)),
        ]
    )
    kinds = [None if outcome is None else type(outcome) for outcome in outcomes]
    assert kinds == [None, EncodingError, EncodingError, EncodingError, EncodingError, None]
    assert "append 1 of task 't3'" in str(outcomes[2])
    assert (await found(store, "t1")).seq == 2
    assert await store.get_task("t2") is None


async def test_a_cancelled_commit_is_whole(store):
    with anyio.CancelScope() as scope:
        scope.cancel()
        await store.commit([creation(task(f"t{number}")) for number in range(50)])
    await recorded(store, [append(f"t{number}", 2) for number in range(50)])


async def test_a_missing_directory_is_named(tmp_path):
    store = SqliteStore(tmp_path / "no" / "where.db")
    with pytest.raises(StoreUnavailableError, match="no does not exist; create it first"):
        await store.open()
    assert not (tmp_path / "no").exists()
    await store.close()


async def test_a_directory_is_no_database(tmp_path):
    with pytest.raises(StoreUnavailableError, match="open"):
        await SqliteStore(tmp_path).open()


async def test_a_directory_that_cannot_be_written(tmp_path):
    tmp_path.chmod(0o555)
    try:
        (tmp_path / "writable").touch()
    except PermissionError:
        with pytest.raises(StoreUnavailableError, match="unable to open"):
            await SqliteStore(tmp_path / "new.db").open()
    else:
        pytest.skip("this user may write anywhere")
    finally:
        tmp_path.chmod(0o755)


async def test_a_database_that_was_removed_acknowledges_nothing(store, tmp_path):
    path, aside = tmp_path / "failing.db", tmp_path / "aside.db"
    path.rename(aside)
    with pytest.raises(StoreUnavailableError, match="No such file"):
        await store.commit([creation(task("t1"))])
    path.touch()
    with pytest.raises(StoreUnavailableError, match="another file"):
        await store.commit([creation(task("t1"))])
    with pytest.raises(StoreUnavailableError, match="another file"):
        await store.probe()
    aside.replace(path)
    await store.probe()
    await recorded(store, [creation(task("t1"))])


async def test_a_lock_file_that_cannot_be_made(store, tmp_path):
    (tmp_path / "failing.db.lock").mkdir()
    with pytest.raises(StoreUnavailableError, match="join"):
        await store.join(node("node-a"))
    (tmp_path / "failing.db.lock").rmdir()
    await store.join(node("node-a"))
