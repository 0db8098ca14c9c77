"""Step actors: whatever happens to an attempt, its supervisor hears of it once."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from tasker.actors.mailbox import Mailbox
from tasker.actors.protocols import AttemptOrder
from tasker.actors.ref import ActorRef
from tasker.actors.workflow.messages import AttemptEnded
from tasker.actors.workflow.outcome import LOST, TIMED_OUT, AttemptFailed, AttemptSucceeded
from tasker.actors.workflow.state import WorkflowState
from tests.actors.world import World, failed, settle
from tests.workflow.rules import make_plan, make_task, raw

PLAN = make_plan({"a": (), "b": ()}, {"b": {"timeout_seconds": 30.0}})


class Orders:
    """Gives orders by hand, and collects what comes back."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.mailbox: Mailbox[AttemptEnded] = Mailbox("task", 1_000)
        self.ref = ActorRef("task", self.mailbox)
        self.attempts = 0

    def give(self, name: str = "a", task_id: str = "t") -> tuple[str, int, int]:
        state = WorkflowState(task=make_task(task_id=task_id), plan=PLAN)
        step = PLAN.steps[PLAN.index[name]]
        self.attempts += 1
        assert self.world.permits.try_acquire(step)
        self.world.pool.start(AttemptOrder(state=state, step=step, attempt=self.attempts), self.ref)
        return (task_id, step.index, self.attempts)

    def told(self) -> list[AttemptEnded]:
        return self.mailbox.get_batch_nowait(1_000)


async def forever(order: AttemptOrder) -> None:
    await anyio.sleep_forever()


async def test_the_result_is_told_and_the_permit_given_back():
    world = World(PLAN)
    async with world.running():
        orders = Orders(world)
        orders.give()
        assert world.permits.statistics().in_use == 1
        await settle()
        assert orders.told() == [AttemptEnded(0, 1, AttemptSucceeded(raw(None)))]
        world.check_permits_are_back()


async def test_a_failure_is_told():
    world = World(PLAN)

    async def fail(order: AttemptOrder) -> Any:
        return failed(message="no")

    world.runner.scripts["a"] = fail
    async with world.running():
        orders = Orders(world)
        orders.give()
        await settle()
        assert orders.told() == [AttemptEnded(0, 1, failed(message="no"))]
        world.check_permits_are_back()


async def test_a_runner_that_raises_loses_its_actor_and_nothing_else():
    world = World(PLAN)

    async def crash(order: AttemptOrder) -> None:
        if order.attempt == 1:
            raise RuntimeError("a bug in the runner")

    world.runner.scripts["a"] = crash
    async with world.running():
        orders = Orders(world)
        orders.give()
        orders.give()
        await settle()
        one, other = sorted(orders.told(), key=lambda ended: ended.attempt)
        assert isinstance(one.result, AttemptFailed)
        assert one.result.error.error_class == LOST
        assert "a bug in the runner" in one.result.error.message
        assert isinstance(other.result, AttemptSucceeded)
        assert len(world.steps) == 0
        world.check_permits_are_back()


async def test_stopping_cancels_the_attempt_and_tells_once():
    world = World(PLAN)
    world.runner.scripts["a"] = forever
    async with world.running():
        orders = Orders(world)
        key = orders.give()
        await settle()
        world.pool.stop(key)
        world.pool.stop(key)
        await settle()
        [ended] = orders.told()
        assert isinstance(ended.result, AttemptFailed)
        assert ended.result.error.error_class == LOST
        assert world.runner.running == 0
        world.check_permits_are_back()


async def test_an_attempt_that_takes_too_long_is_cancelled_and_told_once():
    world = World(PLAN)
    world.runner.scripts["b"] = forever
    async with world.running():
        orders = Orders(world)
        orders.give("b")
        await world.clock.advance(29)
        assert orders.told() == []
        await world.clock.advance(1)
        [ended] = orders.told()
        assert isinstance(ended.result, AttemptFailed)
        assert ended.result.error.error_class == TIMED_OUT
        assert "30 s" in ended.result.error.message
        world.check_permits_are_back()
        await world.clock.advance(100)
        assert orders.told() == []


async def test_an_attempt_that_ends_in_time_is_not_cancelled_later():
    world = World(PLAN)
    async with world.running():
        orders = Orders(world)
        orders.give("b")
        await settle()
        assert world.timers.next_at is None
        world.runner.scripts["a"] = forever
        orders.give("a")  # the same actor, as the timeout comes due
        await world.clock.advance(31)
        assert len(orders.told()) == 1
        assert world.runner.running == 1


async def test_an_attempt_that_ends_as_it_is_stopped_leaves_the_next_one_alone():
    world = World(PLAN)
    done = anyio.Event()

    async def until_done(order: AttemptOrder) -> None:
        await done.wait()

    world.runner.scripts["a"] = until_done
    world.runner.scripts["b"] = lambda order: settle(5)
    async with world.running():
        orders = Orders(world)
        key = orders.give()
        await settle()
        # In one turn of the loop: it ends, is stopped, and another order comes.
        done.set()
        world.pool.stop(key)
        orders.give("b")
        await settle()
        ended = {each.attempt: type(each.result) for each in orders.told()}
        assert set(ended) == {1, 2}
        assert ended[2] is AttemptSucceeded
        orders.give("b")
        await settle()
        assert len(orders.told()) == 1
        world.check_permits_are_back()


async def test_a_full_mailbox_delays_the_message_and_not_the_permit():
    world = World(PLAN)
    async with world.running():
        orders = Orders(world)
        full: Mailbox[Any] = Mailbox("task", 1)
        full.put_nowait("something else")
        orders.ref = ActorRef("task", full)
        orders.give()
        await settle()
        world.check_permits_are_back()
        assert full.get_nowait() == "something else"
        await settle()
        assert full.get_nowait() == AttemptEnded(0, 1, AttemptSucceeded(raw(None)))


async def test_stopping_a_task_stops_its_attempts_alone():
    world = World(PLAN)
    world.runner.scripts["a"] = forever
    async with world.running():
        orders = Orders(world)
        for task_id in ("mine", "mine", "theirs"):
            orders.give(task_id=task_id)
        await settle()
        world.pool.stop_task("mine")
        await settle()
        assert len(orders.told()) == 2
        assert len(world.pool) == 1
        world.pool.stop_task("theirs")
        await settle()
        assert len(orders.told()) == 1


async def test_a_supervisor_that_is_gone_is_not_waited_for():
    world = World(PLAN)
    async with world.running():
        orders = Orders(world)
        orders.mailbox.close()
        orders.give()
        await settle()
        world.check_permits_are_back()


@pytest.mark.parametrize("graceful", [True, False])
async def test_the_end_of_the_pool_is_told_too(graceful: bool):
    world = World(PLAN)
    world.runner.scripts["a"] = forever
    orders = Orders(world)
    with anyio.CancelScope() as scope:
        async with world.running():
            orders.give()
            await settle()
            if not graceful:
                scope.cancel()
    [ended] = orders.told()
    assert isinstance(ended.result, AttemptFailed)
    world.check_permits_are_back()
