"""How an engine is left when its store is gone: what the caller raised comes out."""

import asyncio
import logging

import anyio
import pytest

from tasker import Engine, EngineConfig
from tasker.errors import InvalidOperationError, StoreUnavailableError
from tasker.stores import MemoryStore
from tests.engine.support import Gate, one_step, request, until

CONFIG = EngineConfig(shutdown_seconds=0.0)


@pytest.fixture
def database(tmp_path):
    return tmp_path / "gone.db"


def opened(database, definitions=()):
    return Engine.open(f"sqlite:///{database}", definitions=definitions, config=CONFIG)


async def test_the_callers_exception_comes_out(database, caplog):
    mine = ValueError("mine")

    async def work():
        async with opened(database):
            database.unlink()
            raise mine

    with pytest.raises(ValueError, match="mine") as caught:
        await work()
    assert caught.value is mine
    [told] = [each for each in caplog.records if "closing the engine failed" in each.message]
    assert (told.name, told.levelno) == ("tasker", logging.ERROR)
    assert "was removed" in told.message


async def test_with_work_under_way(database, caplog):
    gate = Gate()

    async def work():
        async with opened(database, gate.definition("work")) as engine:
            await engine.submit(request())
            await gate.until(entered=1)
            database.unlink()
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        await work()
    assert gate.left == ["cancelled"]
    assert "closing the engine failed" in caplog.text


async def test_the_stores_error_comes_out_of_a_block_that_ended_well(database):
    with pytest.raises(StoreUnavailableError, match="was removed"):
        async with opened(database):
            database.unlink()


async def test_a_timeout_comes_out(database, caplog):
    async def work(timeout):
        async with opened(database):
            database.unlink()
            timeout.reschedule(0)
            await anyio.sleep_forever()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(None) as timeout:
            await work(timeout)
    assert "closing the engine failed" in caplog.text


async def test_a_cancellation_comes_out(database, caplog):
    with anyio.CancelScope() as scope:
        async with opened(database):
            database.unlink()
            scope.cancel()
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert "closing the engine failed" in caplog.text


async def test_a_cancellation_while_it_drains_comes_out(database, caplog):
    gate = Gate()
    config = EngineConfig(shutdown_seconds=60)
    engine = Engine.open(
        f"sqlite:///{database}",
        definitions=gate.definition("work"),
        config=config,
    )

    async def work():
        async with engine:
            await engine.submit(request())
            await gate.until(entered=1)
            database.unlink()

    task = asyncio.create_task(work())
    await until(lambda: gate.inside == 1 and not database.exists())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert "closing the engine failed" in caplog.text


class LeaveFails(MemoryStore):
    """A store that is there until it is given up."""

    async def leave(self, node_id):
        await super().leave(node_id)
        raise StoreUnavailableError(url="failing://", operation="give up", cause="no more disk")


async def test_a_start_that_failed_says_why_it_did(caplog):
    class DeclareFails(LeaveFails):
        async def put_namespace(self, namespace):
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        async with Engine.open(DeclareFails(), definitions=one_step()):
            pass
    assert "no more disk" in caplog.text


async def test_an_operation_that_was_refused_says_so(caplog):
    store = MemoryStore()
    async with Engine.open(store, definitions=one_step()) as engine:
        task = await engine.run(request())
        kept = store.__dict__
    store = LeaveFails()
    store.__dict__.update(kept)
    async with Engine.open(store, definitions=one_step(), work=False) as engine:
        with pytest.raises(InvalidOperationError):
            await engine.pause(task.task_id)
    assert "no more disk" in caplog.text
