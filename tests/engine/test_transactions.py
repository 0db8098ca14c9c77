"""Tasks that are submitted inside the application's own transaction."""

import sqlite3
from contextlib import asynccontextmanager

import aiosqlite
import anyio
import anyio.to_thread
import asyncpg
import pytest
from msgspec.structs import replace

from tasker import Engine
from tasker.errors import DuplicateTaskError, TransactionError, UnknownTaskError
from tests.engine.support import QUICK, one_step, request

ORDERS = "CREATE TABLE IF NOT EXISTS orders (number integer PRIMARY KEY)"


class Postgres:
    """An application beside the tasks, with a connection of asyncpg."""

    def __init__(self, url, dsn):
        self.url, self._dsn = url, dsn
        self.orders = f"orders_{url.partition('schema=')[2]}"

    @asynccontextmanager
    async def connected(self):
        connection = await asyncpg.connect(self._dsn)
        try:
            await connection.execute(ORDERS.replace("orders", self.orders))
            yield connection
        finally:
            await connection.close()

    @asynccontextmanager
    async def transaction(self, connection):
        async with connection.transaction():
            yield

    async def insert(self, connection, number):
        await connection.execute(f"INSERT INTO {self.orders} VALUES ($1)", number)

    async def numbers(self, connection):
        return [row[0] for row in await connection.fetch(f"SELECT number FROM {self.orders}")]


class Aiosqlite:
    """The same in the file of the tasks."""

    def __init__(self, folder):
        self.path = folder / "shop.db"
        self.url = f"sqlite:///{self.path}"

    @asynccontextmanager
    async def connected(self):
        async with aiosqlite.connect(self.path, isolation_level=None) as connection:
            connection.row_factory = aiosqlite.Row
            await connection.execute(ORDERS)
            yield connection

    @asynccontextmanager
    async def transaction(self, connection):
        await connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            await connection.rollback()
            raise
        await connection.commit()

    async def insert(self, connection, number):
        await connection.execute("INSERT INTO orders VALUES (?)", (number,))

    async def numbers(self, connection):
        found = await connection.execute_fetchall("SELECT number FROM orders")
        return [row[0] for row in found]


class Sqlite3(Aiosqlite):
    """The same by the standard library, as a plain application does it."""

    @asynccontextmanager
    async def connected(self):
        connection = sqlite3.connect(self.path)
        try:
            connection.execute(ORDERS)
            yield connection
        finally:
            connection.close()

    @asynccontextmanager
    async def transaction(self, connection):
        with connection:
            yield

    async def insert(self, connection, number):
        # Begins the transaction.
        connection.execute("INSERT INTO orders VALUES (?)", (number,))

    async def numbers(self, connection):
        return [row[0] for row in connection.execute("SELECT number FROM orders")]


@pytest.fixture(params=["postgres", "aiosqlite", "sqlite3"])
def shop(request, tmp_path, blocking_call_detector):
    # The application's own connection blocks, where it is one that does.
    if request.param == "postgres":
        server = request.getfixturevalue("postgres")
        return Postgres(server.url(), server.dsn)
    if request.param == "sqlite3":
        blocking_call_detector.deactivate()
        return Sqlite3(tmp_path)
    return Aiosqlite(tmp_path)


class ChangedTheirMindError(Exception):
    pass


async def test_the_task_is_there_if_the_row_is(shop):
    async with (
        Engine.open(shop.url, definitions=one_step(), config=QUICK) as engine,
        shop.connected() as connection,
    ):
        async with shop.transaction(connection):
            await shop.insert(connection, 1)
            task_id = await engine.submit(request(context={"n": 1}), connection=connection)
            with pytest.raises(UnknownTaskError):
                await engine.get(task_id)
        assert (await engine.get(task_id)).context == {"n": 1}
        done = await engine.wait(task_id, timeout_seconds=20)
        assert (done.state, await shop.numbers(connection)) == ("complete", [1])
        assert await engine.count_tasks() == {"complete": 1}


async def test_there_is_no_task_when_the_transaction_is_rolled_back(shop):
    async with (
        Engine.open(shop.url, definitions=one_step(), config=QUICK) as engine,
        shop.connected() as connection,
    ):
        submitted: list[str] = []

        async def change_ones_mind():
            async with shop.transaction(connection):
                await shop.insert(connection, 1)
                submitted.append(await engine.submit(request(), connection=connection))
                raise ChangedTheirMindError

        with pytest.raises(ChangedTheirMindError):
            await change_ones_mind()
        (task_id,) = submitted
        with pytest.raises(UnknownTaskError):
            await engine.get(task_id)
        assert await engine.count_tasks() == {}
        assert await shop.numbers(connection) == []
        # The definition went with it, and comes with the next one.
        async with shop.transaction(connection):
            await shop.insert(connection, 2)
            task_id = await engine.submit(request(), connection=connection)
        assert (await engine.wait(task_id, timeout_seconds=20)).state == "complete"


async def test_what_is_refused_leaves_the_transaction_as_it_was(shop):
    config = replace(QUICK, identity="hash")
    async with (
        Engine.open(shop.url, definitions=one_step(), config=config) as engine,
        shop.connected() as connection,
    ):
        first = await engine.submit(request(context={"n": 1}))
        async with shop.transaction(connection):
            await shop.insert(connection, 1)
            with pytest.raises(DuplicateTaskError) as caught:
                await engine.submit(request(context={"n": 1}), connection=connection)
            assert caught.value.task_id == first
            second = await engine.submit(request(context={"n": 2}), connection=connection)
            third = await engine.submit(request(context={"n": 3}), connection=connection)
        assert await shop.numbers(connection) == [1]
        for task_id in (first, second, third):
            assert (await engine.wait(task_id, timeout_seconds=20)).state == "complete"


async def test_the_engine_works_on_while_transactions_are_open(postgres):
    shop = Postgres(postgres.url(), postgres.dsn)
    async with (
        Engine.open(shop.url, definitions=one_step(), config=QUICK) as engine,
        shop.connected() as connection,
        shop.connected() as another,
    ):
        async with shop.transaction(connection), shop.transaction(another):
            await engine.submit(request(), connection=connection)
            await engine.submit(request(), connection=another)
            for _ in range(3):
                assert (await engine.run(request(), timeout_seconds=20)).state == "complete"
        with anyio.fail_after(20):
            while await engine.count_tasks() != {"complete": 5}:  # noqa: ASYNC110
                await anyio.sleep(0.005)


async def test_another_process_submits_and_the_engine_starts_it(shop):
    async with (
        Engine.open(shop.url, definitions=one_step(), config=QUICK) as engine,
        Engine.open(shop.url, definitions=one_step(), work=False) as beside,
        shop.connected() as connection,
    ):
        async with shop.transaction(connection):
            await shop.insert(connection, 1)
            task_id = await beside.submit(request(), connection=connection)
        assert (await engine.wait(task_id, timeout_seconds=20)).state == "complete"


async def test_a_connection_needs_an_open_transaction(shop):
    async with (
        Engine.open(shop.url, definitions=one_step(), config=QUICK) as engine,
        shop.connected() as connection,
    ):
        with pytest.raises(TransactionError, match="no transaction"):
            await engine.submit(request(), connection=connection)
        assert await engine.count_tasks() == {}


async def test_a_connection_to_another_database_is_refused(shop, tmp_path, postgres):
    async with Engine.open(shop.url, definitions=one_step(), config=QUICK) as engine:
        if isinstance(shop, Postgres):
            elsewhere = await asyncpg.connect(postgres.dsn)
            try:
                await elsewhere.execute("CREATE DATABASE elsewhere")
                other = await asyncpg.connect(postgres.dsn, database="elsewhere")
                try:
                    async with other.transaction():
                        with pytest.raises(TransactionError, match="another database"):
                            await engine.submit(request(), connection=other)
                        # The transaction can go on.
                        assert await other.fetchval("SELECT 1") == 1
                finally:
                    await other.close()
            finally:
                await elsewhere.close()
        else:
            async with aiosqlite.connect(tmp_path / "elsewhere.db") as file:
                await file.execute("BEGIN")
                with pytest.raises(TransactionError, match=r"another database: .*elsewhere\.db"):
                    await engine.submit(request(), connection=file)


@pytest.mark.parametrize("url", ["memory://", "sqlite:///{}/shop.db"])
async def test_what_is_no_connection_is_refused(url, tmp_path):
    async with Engine.open(url.format(tmp_path), definitions=one_step()) as engine:
        with pytest.raises(TransactionError):
            await engine.submit(request(), connection=object())
