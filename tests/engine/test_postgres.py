"""An engine over PostgreSQL: other processes are heard, and a restart of the server is outlived."""

import anyio
import anyio.to_thread
import asyncpg
import pytest

from tasker import Engine
from tasker.errors import StoreUnavailableError
from tasker.testing import ManualClock
from tests.engine.support import QUICK, Gate, one_step, request
from tests.servers.postgres import postgres_server


async def test_what_another_process_submits_is_begun_without_a_poll(postgres):
    gate, url = Gate(), postgres.url()
    # On this clock no poll is ever due: the task is begun because it was told of.
    async with (
        Engine.open(url, definitions=gate.definition(), clock=ManualClock()) as engine,
        Engine.open(url, definitions=gate.definition(), work=False) as beside,
    ):
        with anyio.fail_after(20):
            while not engine._store.hears:  # noqa: ASYNC110
                await anyio.sleep(0.005)
        await beside.submit(request(context={"n": 1}))
        await gate.until(entered=1)
        gate.open()
        await gate.until(left=1)


@pytest.mark.parametrize("by", ["the engine", "another process"])
async def test_what_a_transaction_brings_is_begun_without_a_poll(postgres, by):
    gate, url = Gate(), postgres.url()
    connection = await asyncpg.connect(postgres.dsn)
    try:
        async with (
            Engine.open(url, definitions=gate.definition(), clock=ManualClock()) as engine,
            Engine.open(url, definitions=gate.definition(), work=False) as beside,
        ):
            with anyio.fail_after(20):
                while not engine._store.hears:  # noqa: ASYNC110
                    await anyio.sleep(0.005)
            submitting = engine if by == "the engine" else beside
            async with connection.transaction():
                await submitting.submit(request(), connection=connection)
            await gate.until(entered=1)
            gate.open()
            await gate.until(left=1)
    finally:
        await connection.close()


async def test_tasks_go_on_over_a_restart_of_the_server(blocking_call_detector):
    gate = Gate()
    chain = gate.definition()
    chain.add_step("after", lambda task: {"n": task.context["n"]}, depends_on=["step"])
    with postgres_server() as server:
        async with (
            Engine.open(server.url(), definitions=chain, config=QUICK) as engine,
            anyio.create_task_group() as group,
        ):
            done = []

            async def run(number):
                task = await engine.run(request(context={"n": number}), timeout_seconds=50)
                done.append((task.state, task.results["after"]["n"]))

            for number in range(20):
                group.start_soon(run, number)
            await gate.until(entered=20)
            await anyio.to_thread.run_sync(server.stop)
            gate.open()
            await anyio.to_thread.run_sync(server.start)
        assert sorted(done) == [("complete", number) for number in range(20)]


async def test_an_outage_makes_the_engine_unhealthy_until_it_is_over():
    with postgres_server() as server:
        url = server.url(reconnect_seconds=0.1)
        async with Engine.open(url, definitions=one_step(), config=QUICK) as engine:
            await engine.run(request(), timeout_seconds=20)
            await anyio.to_thread.run_sync(server.stop)
            with pytest.raises(StoreUnavailableError, match="acknowledged"):
                await engine.submit(request())
            assert not engine.health().healthy
            await anyio.to_thread.run_sync(server.start)
            with anyio.fail_after(20):
                while not engine.health().healthy:  # noqa: ASYNC110
                    await anyio.sleep(0.01)
            assert (await engine.run(request(), timeout_seconds=20)).state == "complete"
