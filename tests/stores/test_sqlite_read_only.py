"""A database that this process may read and not write."""

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfile, rmtree

import pytest

from tasker import Engine, TaskRequest, define
from tasker.stores import SqliteStore, StoreUnavailableError, TaskFilter
from tasker.stores.contract.records import creation, found, node, recorded, task

NOBODY = 65534


@pytest.fixture
def folder():
    """A directory that other users may look into, unlike the one of pytest."""
    made = Path(tempfile.mkdtemp())
    made.chmod(0o755)
    yield made
    for each in (made, *made.iterdir()):
        each.chmod(0o755)
    rmtree(made)


@contextmanager
def nothing_writable(folder):
    """Take the right to write from this process; as root, by being somebody else."""
    for each in folder.iterdir():
        each.chmod(0o444)
    folder.chmod(0o555)
    is_root = os.geteuid() == 0
    try:
        if is_root:
            os.seteuid(NOBODY)
        yield
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(0o755)


async def made(path):
    store = SqliteStore(path)
    await store.open()
    await recorded(store, [creation(task("t1"))])
    return store


async def test_a_closed_database_is_read(folder):
    await (await made(folder / "kept.db")).close()
    before = sorted(folder.iterdir())
    with nothing_writable(folder):
        store = SqliteStore(folder / "kept.db", create=False)
        await store.open()
        assert (await found(store, "t1")).task.task_id == "t1"
        assert len((await store.list_tasks(TaskFilter())).tasks) == 1
        assert await store.holder() is None
        assert await store.changed()
        assert not await store.changed()
        await store.close()
    assert sorted(folder.iterdir()) == before


async def test_writes_say_why_not(folder):
    await (await made(folder / "kept.db")).close()
    with nothing_writable(folder):
        store = SqliteStore(folder / "kept.db")
        await store.open()
        with pytest.raises(StoreUnavailableError) as caught:
            await store.commit([creation(task("t2"))])
        assert (caught.value.operation, caught.value.cause) == (
            "write",
            "the file system is read-only to this user",
        )
        assert caught.value.remedy == "get write permission on kept.db and on its directory"
        with pytest.raises(StoreUnavailableError, match=r"take over .* file system is read-only"):
            await store.join(node("node-a"))
        await store.close()


async def test_a_file_system_that_is_read_only_is_told_from_permissions(folder, monkeypatch):
    await (await made(folder / "kept.db")).close()

    class Flags:
        f_flag = os.ST_RDONLY

    with nothing_writable(folder):
        monkeypatch.setattr(os, "statvfs", lambda path: Flags)
        store = SqliteStore(folder / "kept.db")
        await store.open()
        with pytest.raises(StoreUnavailableError, match=r"the file system is read-only\. Nothing"):
            await store.commit([creation(task("t2"))])
        await store.close()


async def test_a_database_that_another_process_works_is_read_with_its_log(folder):
    worked = await made(folder / "kept.db")
    await worked.join(node("node-a"))
    with nothing_writable(folder):
        store = SqliteStore(folder / "kept.db")
        await store.open()
        assert (await found(store, "t1")).seq == 1
        holder = await store.holder()
        assert holder is not None
        assert holder.node_id == "node-a"
        await store.close()
    await recorded(worked, [creation(task("t2"))])
    await worked.close()


async def test_a_log_that_was_left_is_not_passed_over(folder):
    worked = await made(folder / "worked.db")
    # As after a crash: the index of the log is lost, the log is not.
    for suffix in ("", "-wal"):
        copyfile(folder / f"worked.db{suffix}", folder / f"kept.db{suffix}")
    await worked.close()
    with nothing_writable(folder), pytest.raises(StoreUnavailableError) as caught:
        await SqliteStore(folder / "kept.db").open()
    assert "read-only to this user, and the database was not closed" in caught.value.cause
    assert "the -wal file with it" in caught.value.remedy


async def test_a_new_database_cannot_be_made(folder):
    with (
        nothing_writable(folder),
        pytest.raises(StoreUnavailableError, match=r"cannot open .* read-only to this user"),
    ):
        await SqliteStore(folder / "new.db").open()


async def test_an_empty_file_cannot_become_a_database(folder):
    (folder / "empty.db").touch()
    with (
        nothing_writable(folder),
        pytest.raises(StoreUnavailableError, match=r"cannot open .* read-only to this user"),
    ):
        await SqliteStore(folder / "empty.db").open()


async def test_an_engine_that_does_not_work_reads_and_refuses(folder):
    definition = define("work")
    definition.add_step("only", lambda: 7)
    url = f"sqlite:///{folder / 'kept.db'}"
    async with Engine.open(url, definitions=definition) as engine:
        task_id = (await engine.run(TaskRequest(name="work"))).task_id
    with nothing_writable(folder):
        async with Engine.open(url, definitions=definition, work=False) as engine:
            assert (await engine.get(task_id)).results == {"only": 7}
            assert len((await engine.list_tasks()).tasks) == 1
            assert await engine.history(task_id)
            with pytest.raises(StoreUnavailableError, match="the file system is read-only"):
                await engine.submit(TaskRequest(name="work"))
        with pytest.raises(StoreUnavailableError, match=r"take over .* file system is read-only"):
            async with Engine.open(url, definitions=definition):
                pass
