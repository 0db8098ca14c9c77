"""``python -m examples.embedded``: one application, its own database, and the engine's store."""

import sqlite3

import httpx
import pytest

from examples.embedded.app import make_app
from examples.embedded.shop import MIGRATIONS
from tasker.stores.errors import StoreError
from tests.examples.commands import run_example

PRINTED = """\
shop.order@0.1.0 is complete
  reserve: {'reserved': ['tea', 'milk']}
  charge: {'charged': 20}
the shop has charged 20 for order 1
the shop has 1 handler
"""


def test_an_order_is_placed_and_followed(tmp_path):
    assert run_example("embedded", directory=tmp_path).stdout == PRINTED


def tables(path):
    connection = sqlite3.connect(path)
    try:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {name for (name,) in rows}
    finally:
        connection.close()


def test_each_database_has_its_own_tables(tmp_path):
    run_example("embedded", directory=tmp_path)
    assert tables(tmp_path / "shop.db") == {"orders"}
    assert "tasks" in tables(tmp_path / "tasks.db")
    assert "orders" not in tables(tmp_path / "tasks.db")


async def test_databases_are_named_by_the_environment(
    tmp_path, monkeypatch, blocking_call_detector
):
    blocking_call_detector.deactivate()  # the example opens the engine where it is made
    monkeypatch.setenv("SHOP_DATABASE", str(tmp_path / "own.db"))
    monkeypatch.setenv("TASKER_STORE", f"sqlite:///{tmp_path / 'engine.db'}")
    app = make_app()
    async with app.router.lifespan_context(app):
        pass
    assert {"own.db", "engine.db"} <= {each.name for each in tmp_path.iterdir()}


async def test_an_order_that_was_recorded_and_not_submitted_is_submitted_at_the_start(
    tmp_path, blocking_call_detector
):
    blocking_call_detector.deactivate()
    # As after a crash between the two: of an older version of the shop, too.
    connection = sqlite3.connect(tmp_path / "shop.db")
    connection.executescript(f"{MIGRATIONS[0]}; PRAGMA user_version = 1")
    connection.execute("INSERT INTO orders (items) VALUES ('tea')")
    connection.commit()
    connection.close()
    places = (str(tmp_path / "shop.db"), f"sqlite:///{tmp_path / 'tasks.db'}")
    for _ in range(2):
        app = make_app(*places)
        transport = httpx.ASGITransport(app=app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://shop.example") as client,
        ):
            order = (await client.get("/orders/1")).json()
            headers = {"Prefer": "wait=10"}
            task = await client.get(f"/tasker/tasks/{order['task_id']}", headers=headers)
            assert task.json()["status"] == "complete"
            assert (await client.get("/orders/1")).json()["charged"] == 10
            listed = (await client.get("/tasker/tasks")).json()
            assert listed["pagination"]["total_count"] == 1


async def test_a_database_of_somebody_else_is_not_taken_for_a_store(
    tmp_path, blocking_call_detector
):
    blocking_call_detector.deactivate()
    path = tmp_path / "shop.db"
    app = make_app(str(path), f"sqlite:///{path}")
    with pytest.raises(StoreError, match="untouched"):
        async with app.router.lifespan_context(app):
            pass
    assert tables(path) == {"orders"}
