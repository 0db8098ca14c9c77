"""Which files the store opens, makes and refuses."""

import sqlite3
from contextlib import AsyncExitStack, closing

import pytest

from tasker.stores import ForeignDatabaseError, SqliteStore, StoreVersionError, TaskFilter
from tasker.stores.contract.records import creation, found, recorded, task
from tasker.stores.records import TaskState
from tasker.stores.sqlite import schema
from tasker.stores.sqlite.queries import migrations, statements
from tests.stores.processes import child

NEWEST = len(migrations())


def _contents(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def _execute(path, *statements):
    with closing(sqlite3.connect(path)) as connection, connection:
        return [connection.execute(statement).fetchall() for statement in statements][-1]


async def test_a_new_file_says_that_it_is_ours(tmp_path):
    store = SqliteStore(tmp_path / "new.db")
    await store.open()
    await store.close()
    assert _execute(tmp_path / "new.db", "PRAGMA application_id") == [(0x5441534B,)]
    assert _execute(tmp_path / "new.db", "PRAGMA user_version") == [(NEWEST,)]
    assert _execute(tmp_path / "new.db", "PRAGMA journal_mode") == [("wal",)]


@pytest.mark.parametrize(("durability", "synchronous"), [("strict", 2), ("relaxed", 1)])
async def test_durability(tmp_path, durability, synchronous):
    store = SqliteStore(tmp_path / "new.db", durability=durability)
    await store.open()
    assert await store.execute("PRAGMA synchronous") == [(synchronous,)]
    await store.close()


async def test_a_newer_database_is_refused_untouched(tmp_path):
    path = tmp_path / "newer.db"
    store = SqliteStore(path)
    await store.open()
    await store.close()
    _execute(path, f"PRAGMA user_version = {NEWEST + 7}")
    before = _contents(tmp_path)[path.name]
    with pytest.raises(StoreVersionError) as caught:
        await store.open()
    assert (caught.value.found, caught.value.supported) == (NEWEST + 7, NEWEST)
    assert _contents(tmp_path)[path.name] == before


@pytest.mark.parametrize(
    "script",
    [
        "CREATE TABLE theirs (x)",
        "PRAGMA user_version = 3",
        "PRAGMA application_id = 252006673",
        "PRAGMA journal_mode = WAL",
    ],
)
async def test_a_foreign_database_is_refused_untouched(tmp_path, script):
    path = tmp_path / "theirs.db"
    _execute(path, script, "CREATE VIEW looks AS SELECT 1")
    before = _contents(tmp_path)[path.name]
    with pytest.raises(ForeignDatabaseError, match="another application"):
        await SqliteStore(path).open()
    assert _contents(tmp_path)[path.name] == before


@pytest.mark.parametrize("content", [b"order,amount\n" * 200, b"x", b"SQLite format 3\0"])
async def test_a_file_that_is_no_database_is_refused_untouched(tmp_path, content):
    path = tmp_path / "orders.csv"
    path.write_bytes(content)
    with pytest.raises(ForeignDatabaseError, match="not a SQLite database"):
        await SqliteStore(path).open()
    assert _contents(tmp_path) == {"orders.csv": content}


async def test_an_empty_file_is_a_new_database(tmp_path):
    (tmp_path / "touched.db").touch()
    store = SqliteStore(tmp_path / "touched.db")
    await store.open()
    await recorded(store, [creation(task("t1"))])
    await store.close()


async def test_a_refused_store_can_be_opened_later(tmp_path):
    path = tmp_path / "later.db"
    path.write_bytes(b"not yet")
    store = SqliteStore(path)
    with pytest.raises(ForeignDatabaseError):
        await store.open()
    path.unlink()
    await store.open()
    await recorded(store, [creation(task("t1"))])
    await store.close()


async def test_names_that_need_quoting(tmp_path):
    path = tmp_path / "käse & 100% ?#.db"
    for _ in range(2):
        store = SqliteStore(path)
        await store.open()
        await store.close()
    assert path.exists()


async def test_processes_that_open_a_new_file_at_once_all_succeed(tmp_path):
    path = tmp_path / "raced.db"
    names = [f"t{number}" for number in range(4)]
    async with AsyncExitStack() as stack:
        racers = [
            await stack.enter_async_context(child("contend", str(path), name)) for name in names
        ]
        for racer in racers:
            await racer.go()
        assert [await racer.line() for racer in racers] == ["opened"] * len(names)
    store = SqliteStore(path)
    await store.open()
    listed = (await store.list_tasks(TaskFilter())).tasks
    assert [summary.task_id for summary in listed] == names[::-1]
    await store.close()


def test_migrations_run_in_order_each_in_a_transaction():
    scripts = [
        "CREATE TABLE a (x);\n-- a comment; with a semicolon\nINSERT INTO a\nVALUES (1);\n",
        "UPDATE a SET x = x + 1;\n",
        "UPDATE a SET x = x * 10;\nINSERT INTO nowhere VALUES (1);\n",
    ]
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        schema.migrate(connection, "url", scripts[:1])
        assert connection.execute("SELECT x FROM a").fetchall() == [(1,)]
        with pytest.raises(sqlite3.OperationalError, match="nowhere"):
            schema.migrate(connection, "url", scripts)
        # The second one is done, the third has left nothing.
        assert connection.execute("SELECT x FROM a").fetchall() == [(2,)]
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
        assert not connection.in_transaction
        schema.migrate(connection, "url", [*scripts[:2], "UPDATE a SET x = x * 10;\n"])
        assert connection.execute("SELECT x FROM a").fetchall() == [(20,)]


@pytest.fixture
def uncounted(tmp_path):
    """A database with three tasks, of the version before there were counts."""
    path = tmp_path / "old.db"
    before = next(n for n, script in enumerate(migrations()) if "task_counts" in script)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        schema.migrate(connection, "url", migrations()[:before])
        for task_id, state in (("t1", "pending"), ("t2", "error"), ("t3", "error")):
            connection.execute(
                "INSERT INTO tasks VALUES (?, 'default', 'order', '1.0.0', 'hash', ?, 0, 1.0, 1.0,"
                " NULL, NULL, NULL, NULL, 1, 'ann', 'shop', 'why', '[]', '[]', NULL, NULL)",
                (task_id, state),
            )
    return path


async def test_tasks_from_before_there_were_counts_are_counted(uncounted):
    store = SqliteStore(uncounted)
    await store.open()
    counted = await store.count_tasks(TaskFilter())
    assert counted == {TaskState.PENDING: 1, TaskState.ERROR: 2}
    await store.close()


def test_the_migrations_are_complete_statements():
    for script in migrations():
        kept = "".join(statements(script))
        assert script.strip().startswith("--")
        assert kept.strip() == script.strip()


async def test_old_data_is_read_after_opening_again(tmp_path):
    for turn in range(3):
        store = SqliteStore(tmp_path / "kept.db")
        await store.open()
        await recorded(store, [creation(task(f"t{turn}"))])
        for earlier in range(turn):
            await found(store, f"t{earlier}")
        await store.close()
