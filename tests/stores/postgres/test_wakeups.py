"""Hearing of other processes, and who works the store."""

import anyio

from tasker.stores.contract.records import command, creation, recorded, task
from tasker.stores.postgres import PostgresStore
from tests.engine.support import until
from tests.servers.proxy import proxy_to


class Ear:
    def __init__(self):
        self.heard = 0
        self._again = anyio.Event()

    def __call__(self):
        self.heard += 1
        self._again.set()

    async def until(self, count):
        with anyio.fail_after(20):
            while self.heard < count:
                self._again = anyio.Event()
                await self._again.wait()


async def listening(store):
    ear = Ear()
    store.listen(ear)
    await until(lambda: store.hears)
    # What was said before is told of by the connection itself.
    await ear.until(1)
    return ear


async def test_a_task_and_a_command_of_another_process_are_heard(connect):
    engine, client = await connect(), await connect()
    ear = await listening(engine)
    await engine.changed()
    await recorded(client, [creation(task("t1"))])
    await ear.until(2)
    assert await engine.changed()
    await client.post_command(command("c1"))
    await ear.until(3)
    assert await engine.changed()


async def test_ones_own_writes_and_those_that_wake_nobody_are_not_heard(connect):
    engine, client = await connect(), await connect()
    ear = await listening(engine)
    await recorded(engine, [creation(task("t1"))])
    await recorded(client, [creation(task("t2", owner="node-b"))])
    assert client._teller._task is None
    await recorded(client, [creation(task("t3"))])
    await ear.until(2)
    before = ear.heard
    engine._listener._heard(None, 0, engine._channel, engine._writer_id)
    assert ear.heard == before
    engine._listener._heard(None, 0, engine._channel, client._writer_id)
    assert ear.heard == before + 1


async def test_what_is_said_last_is_said_by_closing(connect, url):
    ear = await listening(await connect())
    client = PostgresStore(url)
    await client.open()
    await recorded(client, [creation(task("t1"))])
    await client.close()
    await ear.until(2)


async def test_it_hears_again_after_its_connection_was_lost(connect, url, postgres):
    client = await connect()
    async with proxy_to(postgres.port) as way:
        engine = PostgresStore(url.replace(str(postgres.port), str(way.port)))
        await engine.open()
        try:
            ear = await listening(engine)
            way.cut()
            # Something may have been said in between: the new connection tells of that.
            await ear.until(2)
            await recorded(client, [creation(task("t1"))])
            await ear.until(3)
        finally:
            await engine.close()
