"""How the store uses SQLite and the library between them."""

import inspect
import re
import sqlite3
import threading

import aiosqlite
import pytest
from msgspec import Raw

from tasker.stores import SqliteStore, StepRecord, TaskRecord
from tasker.stores.contract.records import append, creation, recorded, step, task
from tasker.stores.sqlite.queries import queries

TOPICS = ("journal", "reads", "claims", "catalog", "commands")


@pytest.fixture
async def store(tmp_path):
    store = SqliteStore(tmp_path / "used.db")
    await store.open()
    yield store
    await store.close()


async def test_aiosqlite_runs_a_function_on_its_thread(tmp_path):
    """`tasker.stores.sqlite.connection._hop` stands on this private method."""
    assert inspect.iscoroutinefunction(aiosqlite.Connection._execute)
    async with aiosqlite.connect(tmp_path / "any.db") as connection:
        thread = await connection._execute(lambda number: (number, threading.get_ident()), 7)
        assert thread[0] == 7
        assert thread[1] != threading.get_ident()
        assert isinstance(connection._conn, sqlite3.Connection)


async def test_a_commit_is_one_hop(store, monkeypatch):
    hops = []
    execute = aiosqlite.Connection._execute

    async def counted(self, function, *arguments):
        hops.append(function)
        return await execute(self, function, *arguments)

    monkeypatch.setattr(aiosqlite.Connection, "_execute", counted)
    ids = [f"t{number}" for number in range(100)]
    await recorded(store, [creation(task(task_id), steps=(step("a"),)) for task_id in ids])
    assert len(hops) == 1


async def test_statements_do_not_grow_with_the_batch(store):
    ids = [f"t{number}" for number in range(200)]
    await recorded(store, [creation(task(task_id)) for task_id in ids])
    seen: list[str] = []
    await store._writer.run("trace", lambda raw: raw.set_trace_callback(seen.append))
    await recorded(store, [append(task_id, 2, steps=(step("a"),)) for task_id in ids])
    await store._writer.run("trace", lambda raw: raw.set_trace_callback(None))
    selects = [statement for statement in seen if statement.startswith("SELECT")]
    # Rows go in one by one under one prepared statement; questions are asked once.
    assert len(selects) == 1
    assert len(seen) == 1 + 1 + 200 + 200 + 1


async def test_columns_are_in_the_order_of_the_records(store):
    async def columns(table):
        found = await store.execute("SELECT name FROM pragma_table_info(?)", table)
        return tuple(name for (name,) in found)

    inputs = (await columns("task_inputs"))[1:]
    assert await columns("tasks") + inputs == TaskRecord.__struct_fields__
    assert (await columns("steps"))[1:] == StepRecord.__struct_fields__


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("claim_backlog", "tasks_backlog"),
        ("claim_due", "tasks_timers"),
        ("next_wake_at", "tasks_timers"),
        ("free_own", "tasks_owned"),
        ("free_others", "tasks_owned"),
    ],
)
async def test_claims_read_their_index(store, query, index):
    asked = {"node_id": "n", "limit": 1, "now": 1.0}
    plan = await store._writer.run(
        "explain",
        lambda raw: raw.execute(f"EXPLAIN QUERY PLAN {queries('claims')[query]}", asked).fetchall(),
    )
    details = " / ".join(row[3] for row in plan)
    assert f"USING {'COVERING ' if 'COVERING' in details else ''}INDEX {index}" in details
    assert "TEMP B-TREE" not in details


async def test_a_page_is_a_seek(store):
    names = re.findall(r":(\w+)", queries("reads")["list_tasks"])
    asked = {**dict.fromkeys(names), "below": "x", "limit": 1}
    plan = await store._reader.run(
        "explain",
        lambda raw: raw.execute(
            f"EXPLAIN QUERY PLAN {queries('reads')['list_tasks']}",
            asked,
        ).fetchall(),
    )
    assert plan[0][3] == "SEARCH tasks USING PRIMARY KEY (task_id<?)"
    assert not any("TEMP B-TREE" in row[3] for row in plan)


def test_every_query_is_named_and_explained():
    for topic in TOPICS:
        assert queries(topic)
        assert all(sql.endswith(";") and "-- name" not in sql for sql in queries(topic).values())


async def test_json_in_columns_is_text_that_sql_can_read(store):
    await recorded(store, [creation(task("t1", context=Raw(b'{"order":{"id":7}}')))])
    query = "SELECT context ->> '$.order.id' FROM task_inputs"
    assert await store.execute(query) == [(7,)]
    query = "SELECT t.value ->> 'to_state' FROM journal, json_each(transitions) AS t"
    assert await store.execute(query) == [("pending",)]
