"""Several engines on one database: work spreads, and nobody has a task beside another."""

import anyio
import pytest
from msgspec.structs import replace

from tasker import Engine, EngineConfig
from tasker.errors import UnknownTaskError
from tests.engine.support import QUICK, Gate, one_step, request

SHORT = replace(QUICK, lease_seconds=1.0)
"""A lease that a test can see run out."""


@pytest.fixture
def url(postgres):
    return postgres.url()


def engine_on(url, definition, config: EngineConfig = QUICK, **options):
    return Engine.open(url, definitions=definition, config=config, **options)


async def test_work_spreads_over_nodes_and_each_task_has_one_of_them(url):
    ran: list[tuple[str, int]] = []

    def counted(node):
        async def step(task):
            ran.append((node, task.context["n"]))
            await anyio.sleep(0.01)

        return one_step("work", step)

    few = replace(QUICK, max_resident_tasks=4, max_concurrent_steps=4)
    async with (
        engine_on(url, counted("one"), few) as one,
        engine_on(url, counted("two"), few) as two,
    ):
        nodes = await one.nodes()
        assert len(nodes) == 2
        assert nodes == sorted(nodes, key=lambda each: each.node.started_at)
        ids = [await one.submit(request(context={"n": n})) for n in range(60)]
        for task_id in ids:
            # Whoever ran it: both can wait for it.
            assert (await two.wait(task_id, timeout_seconds=30)).state == "complete"
    assert sorted(n for _, n in ran) == list(range(60))
    assert {node for node, _ in ran} == {"one", "two"}


async def test_an_operation_is_done_by_the_node_that_has_the_task(url):
    gate = Gate()
    async with engine_on(url, gate.definition()) as one, engine_on(url, gate.definition()) as two:
        task_id = await one.submit(request())
        await gate.until(entered=1)
        assert await two.cancel(task_id, reason="asked elsewhere") == "cancelled"
        assert gate.left == ["cancelled"]
        with pytest.raises(UnknownTaskError):
            await two.cancel("nowhere")


async def test_a_node_that_leaves_hands_its_tasks_to_another(url):
    gate = Gate()
    async with engine_on(url, gate.definition()) as one:
        async with engine_on(url, gate.definition()) as two:
            task_id = await two.submit(request())
            await gate.until(entered=1)
        # It was told to end at once, so it gave the attempt up.
        await gate.until(entered=2)
        gate.open()
        assert (await one.wait(task_id, timeout_seconds=20)).steps[0].attempts == 2


async def test_a_node_that_is_not_heard_of_loses_its_tasks_and_stands_down(url, caplog):
    gates = {"silent": Gate(), "other": Gate()}
    async with engine_on(url, gates["silent"].definition(), SHORT) as silent:
        task_id = await silent.submit(request())
        await gates["silent"].until(entered=1)
        # As if its process were stopped: it renews nothing, and knows of nothing.
        lease = silent._runtime.lease
        line, lease._line = lease._line, _Nowhere()
        until, lease._until = lease._until, float("inf")
        async with engine_on(url, gates["other"].definition(), SHORT) as other:
            await gates["other"].until(entered=1)
            # It wakes up, and its attempt ends: nothing of it may be recorded.
            gates["silent"].open()
            await gates["silent"].until(left=1)
            gates["other"].open()
            task = await other.wait(task_id, timeout_seconds=20)
            assert task.state == "complete"
            assert task.steps[0].attempts == 2
            history = await other.history(task_id)
            completed = [each for each in history if each.step and each.to_state == "complete"]
            assert [each.attempt for each in completed] == [2]
            # And once it looks at the clock it gives up what it has, and joins again.
            lease._until, lease._line = until, line
            with anyio.fail_after(20):
                while not lease.holds() or len(await other.nodes()) < 2:  # noqa: ASYNC110
                    await anyio.sleep(0.01)
            again = await silent.submit(request())
            assert (await other.wait(again, timeout_seconds=20)).state == "complete"
    assert "nothing more is done with the task here" in caplog.text


async def test_a_node_without_a_lease_starts_nothing_until_it_has_one_again(url):
    gate = Gate()
    gate.open()
    async with engine_on(url, gate.definition(), SHORT) as engine:
        lease = engine._runtime.lease
        line, lease._line = lease._line, _Nowhere()
        with anyio.fail_after(20):
            while lease.holds():  # noqa: ASYNC110
                await anyio.sleep(0.01)
        task_id = await engine.submit(request())
        await anyio.lowlevel.checkpoint()
        assert gate.entered == [] or lease.holds()
        lease._line = line
        assert (await engine.wait(task_id, timeout_seconds=20)).state == "complete"


async def test_a_node_is_drained_by_another(url):
    gate = Gate()
    config = replace(SHORT, shutdown_seconds=0.0)
    async with engine_on(url, gate.definition(), config) as one:
        task_id = await one.submit(request())
        await gate.until(entered=1)
        async with engine_on(url, gate.definition(), config) as two:
            (first, _) = await two.nodes()
            assert await two.drain_node(first.node.node_id)
            await gate.until(entered=2)
            gate.open()
            await two.wait(task_id, timeout_seconds=20)
            # It takes no more, and what is submitted to it is done by the other.
            assert (await one.nodes())[0].draining
            assert one.health().tasks.resident == 0
            later = await one.submit(request())
            assert (await one.wait(later, timeout_seconds=20)).state == "complete"
        assert not await one.drain_node("nowhere")


class _Nowhere:
    """A line to a store that does not answer."""

    async def renew(self, node_id, lag_seconds):
        raise TimeoutError

    async def close(self):
        pass
