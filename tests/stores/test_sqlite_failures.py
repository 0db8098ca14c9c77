"""What the store says when the database cannot do what was asked, and afterwards."""

import sqlite3

import anyio
import pytest
from msgspec import Raw

from tasker.stores import EncodingError, SqliteStore, StoreUnavailableError, TaskFilter
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
    assert caught.value.operation == "write"
    assert str(caught.value) == (
        f"cannot write to the store {store.url}: the disk is full. Nothing of this call was "
        "acknowledged; make room on it"
    )
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
    with pytest.raises(StoreUnavailableError, match="write to the store"):
        await store.probe()
    await _make_room(store)
    await store.probe()
    assert await store.execute("SELECT count(*) FROM probes") == [(0,)]


async def test_a_probe_needs_the_room_that_the_commit_before_it_wanted(store):
    await recorded(store, [creation(task("t1"))])
    large = append("t1", 2, steps=(step("large", results=ENOUGH),))
    [(pages,)] = await store.execute("PRAGMA page_count")
    await store.execute(f"PRAGMA max_page_count = {pages + 10}")
    await store.probe()
    for _ in range(2):
        with pytest.raises(StoreUnavailableError, match="full"):
            await store.commit([large])
        with pytest.raises(StoreUnavailableError, match="full"):
            await store.probe()
    await _make_room(store)
    await store.probe()
    await recorded(store, [large])
    await store.execute("VACUUM")
    [(pages,)] = await store.execute("PRAGMA page_count")
    await store.execute(f"PRAGMA max_page_count = {pages + 10}")
    await store.probe()


async def test_a_file_that_cannot_grow(tmp_path):
    async with child("limited", str(tmp_path / "limited.db")) as process:
        assert await process.rest() == ["refused: write", "after: [None]"]


async def test_a_database_that_is_locked(store, tmp_path):
    await recorded(store, [creation(task("t1"))])
    other = SqliteStore(tmp_path / "failing.db")
    await other.open()
    await other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailableError, match=r"write to .* locked.*busy_seconds"):
        await store.commit([append("t1", 2)])
    with pytest.raises(StoreUnavailableError, match=r"cannot take over .* locked"):
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
    with pytest.raises(StoreUnavailableError) as caught:
        await SqliteStore(tmp_path).open()
    assert str(caught.value) == (
        f"cannot open the store sqlite:///{tmp_path}: {tmp_path} is a directory; "
        f"name a file in it, as in {tmp_path}/tasker.db"
    )


async def test_a_damaged_file_is_told(store, tmp_path):
    await recorded(store, [creation(task(f"t{number}")) for number in range(300)])
    await store.close()
    with (tmp_path / "failing.db").open("r+b") as file:
        file.seek(4096)
        file.write(b"x" * 300_000)

    async def look():
        await store.open()
        await store.list_tasks(TaskFilter())

    with pytest.raises(StoreUnavailableError, match="restore it from a backup") as caught:
        await look()
    assert "acknowledged" not in str(caught.value)


async def test_a_database_that_was_removed_acknowledges_nothing(store, tmp_path):
    path, aside = tmp_path / "failing.db", tmp_path / "aside.db"
    path.rename(aside)
    with pytest.raises(StoreUnavailableError, match=r"failing.db was removed.*; stop this process"):
        await store.commit([creation(task("t1"))])
    with pytest.raises(StoreUnavailableError, match=r"cannot give up .* was removed"):
        await store.leave("node-a")
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
    with pytest.raises(StoreUnavailableError, match="cannot take over"):
        await store.join(node("node-a"))
    (tmp_path / "failing.db.lock").rmdir()
    await store.join(node("node-a"))
