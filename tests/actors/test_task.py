"""The task supervisor: nothing before it is durable, and every failure has its outcome."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anyio
import msgspec
import pytest

from tasker.actors.loading import UNRUNNABLE_RETRY_SECONDS
from tasker.actors.protocols import AttemptOrder
from tasker.actors.residency import CRASH_LIMIT
from tasker.actors.workflow.messages import (
    AnyOperation,
    Cancel,
    CancelStep,
    Pause,
    ResolveStep,
    Resume,
    Retry,
)
from tasker.actors.workflow.plan import Backoff
from tasker.stores.errors import EncodingError, StoreError, StoreUnavailableError
from tasker.stores.records import AnnotationRecord, Append, StepState, TaskState
from tests.actors.scripts import Gate, failing
from tests.actors.world import World, settle, unavailable
from tests.workflow.rules import DIAMOND, NOW, make_plan, raw

NO_JITTER = Backoff(jitter=0.0)
CHAIN = make_plan({"a": (), "b": ("a",)}, backoff=NO_JITTER)
WIDE = make_plan({name: () for name in "abcdef"})


async def test_nothing_starts_and_nobody_hears_before_it_is_durable():
    world = World(CHAIN)
    async with world.running():
        task_id = await world.submit()
        world.store.gate = anyio.Event()  # what "a" did is not written yet
        await settle()
        assert world.runner.times("a") == 1
        assert world.runner.times("b") == 0
        assert world.watcher.heard == [["task:pending", "task:in_progress", "a:in_progress"]]
        world.store.gate.set()
        assert await world.ended(task_id) is TaskState.COMPLETE
        assert world.watcher.heard[-1] == ["b:complete", "task:complete"]


@pytest.mark.parametrize("recorded", [False, True], ids=["not recorded", "recorded"])
async def test_a_commit_that_fails_in_mid_run_is_gone_on_from_when_the_store_is_back(
    recorded: bool,
):
    world = World(make_plan(DIAMOND))
    gate = world.runner.scripts["b"] = Gate()
    async with world.running():
        task_id = await world.submit()
        await settle()
        world.store.failing, world.store.fails_after_recording = unavailable(), recorded
        gate.opened.set()
        await world.clock.advance(3)
        assert world.runner.times("d") == 0
        world.store.failing = None
        await world.clock.advance(3)
        assert await world.ended(task_id) is TaskState.COMPLETE
        assert [world.runner.times(name) for name in DIAMOND] == [1, 1, 1, 1]
        assert (await world.snapshot(task_id)).task.epoch == 1
        await settle()
        world.check_permits_are_back()


async def test_a_store_that_takes_probes_and_refuses_commits_for_long_is_outlasted():
    world = World(CHAIN)
    gate = world.runner.scripts["a"] = Gate()
    async with world.running():
        task_id = await world.submit()
        await settle()
        failing_commits = unavailable()

        async def probe() -> None:
            world.store.failing = None

        async def commit(appends: Sequence[Append]) -> Any:
            raise failing_commits

        real_commit = world.store.commit
        world.store.commit = commit  # type: ignore[method-assign]
        world.store.probe = probe  # type: ignore[method-assign]
        gate.opened.set()
        await world.clock.advance(150)
        assert world.journal.statistics().failures > 50
        world.store.commit = real_commit  # type: ignore[method-assign]
        await world.clock.advance(1)
        assert await world.ended(task_id) is TaskState.COMPLETE
        assert world.runner.times("a") == 1


async def test_an_operation_whose_commit_fails_is_told_and_leaves_no_trace():
    world = World(CHAIN)
    gate = world.runner.scripts["a"] = Gate()
    async with world.running():
        task_id = await world.submit()
        await settle()
        world.store.failing = unavailable()
        with pytest.raises(StoreUnavailableError):
            await world.residency.operate(task_id, Cancel())
        world.store.failing = None
        await world.clock.advance(1)
        assert await world.state_of(task_id) is TaskState.IN_PROGRESS
        gate.opened.set()
        assert await world.ended(task_id) is TaskState.COMPLETE


async def test_a_store_that_cannot_be_read_after_it_failed_is_asked_again():
    world = World(CHAIN)
    gate = world.runner.scripts["a"] = Gate()
    async with world.running():
        task_id = await world.submit()
        await settle()
        world.store.failing = world.store.unreadable = unavailable()
        gate.opened.set()
        await world.clock.advance(1)
        world.store.failing = None
        await world.clock.advance(1)
        world.store.unreadable = None
        await world.clock.advance(1)
        assert await world.ended(task_id) is TaskState.COMPLETE


async def test_a_supervisor_that_lost_its_lease_stands_down():
    world = World(CHAIN)
    gate = world.runner.scripts["a"] = Gate()
    world.runner.scripts["b"] = Gate()
    async with world.running():
        task_id = await world.submit()
        await settle()
        entry = world.store._entries[task_id]
        entry.task = msgspec.structs.replace(entry.task, owner="node-2", epoch=2)
        gate.opened.set()
        await settle()
        assert world.residency.statistics().lost == 1
        assert world.runner.times("b") == 0
        assert "nothing more is done with the task here" in world.troubles
        assert (await world.snapshot(task_id)).task.owner == "node-2"
        await settle()
        world.check_permits_are_back()


async def test_a_stale_supervisor_stops_what_still_runs():
    world = World(make_plan({"a": (), "b": ()}))
    gate = world.runner.scripts["a"] = Gate()
    world.runner.scripts["b"] = Gate()
    async with world.running():
        task_id = await world.submit()
        await settle()
        entry = world.store._entries[task_id]
        entry.task = msgspec.structs.replace(entry.task, owner="node-2", epoch=2)
        gate.opened.set()
        await settle()
        assert world.runner.running == 0
        world.check_permits_are_back()


async def test_a_supervisor_that_crashes_is_made_anew_from_the_store():
    world = World(CHAIN)
    gate = world.runner.scripts["b"] = Gate()
    async with world.running():
        task_id = await world.submit()
        await settle()
        world.watcher.raises = RuntimeError("a bug")
        gate.opened.set()
        await world.clock.advance(3)
        assert await world.ended(task_id) is TaskState.COMPLETE
        assert "its supervisor crashed" in world.troubles
        assert world.runner.times("a") == 1
        world.check_permits_are_back()


async def test_a_supervisor_that_crashes_again_and_again_is_left_alone_for_a_while():
    world = World(CHAIN)

    def order(ready: Sequence[int]) -> Sequence[int]:
        raise RuntimeError("a bug for this task alone")

    world.plans.plan = msgspec.structs.replace(WIDE, orders_ready=True)
    world.runner.order = order
    await world.store.open()
    task_id = await world.leave(wake_at=0.0)
    async with world.running():
        await settle(300)
        assert world.troubles.count("its supervisor crashed") == CRASH_LIMIT
        world.runner.order = lambda ready: ready
        await world.clock.advance(UNRUNNABLE_RETRY_SECONDS)
        assert await world.ended(task_id) is TaskState.COMPLETE


class Fussy:
    """Refuses to store what contains a word."""

    def __init__(self, word: bytes) -> None:
        self.word = word

    def __call__(self, append: Append) -> StoreError | None:
        if self.word in msgspec.json.encode(append):
            return EncodingError(what="append", path="a value", type_name="unstorable")
        return None


async def test_a_result_that_the_store_cannot_hold_fails_its_step_and_no_other():
    world = World(make_plan({"a": (), "b": ()}))
    world.store.refuse = Fussy(b"poison")

    async def poison(order: AttemptOrder) -> str:
        return "poison"

    world.runner.scripts["a"] = poison
    async with world.running():
        task_id = await world.submit()
        assert await world.ended(task_id) is TaskState.ERROR
        steps = {step.name: step for step in (await world.snapshot(task_id)).steps}
        assert steps["b"].state is StepState.COMPLETE
        assert steps["a"].state is StepState.ERROR
        assert steps["a"].error is not None
        assert steps["a"].error.error_class == "EncodingError"
        assert steps["a"].permanent
        world.check_permits_are_back()


@pytest.mark.parametrize("at_rest", [False, True])
async def test_an_operation_that_the_store_cannot_hold_is_refused_to_whoever_asked(at_rest: bool):
    world = World(make_plan({"a": ()}, {"a": {"retry_limit": 1}}))
    world.store.refuse = Fussy(b"poison")
    gate = world.runner.scripts["a"] = failing(1) if at_rest else Gate()
    async with world.running():
        task_id = await world.submit()
        await settle()
        operation: AnyOperation = Retry(by="poison") if at_rest else Cancel(by="poison")
        with pytest.raises(EncodingError), anyio.fail_after(3):
            await world.residency.operate(task_id, operation)
        if at_rest:
            await world.residency.operate(task_id, Retry(by="me"))
        else:
            gate.opened.set()
        assert await world.ended(task_id) is TaskState.COMPLETE


async def test_a_task_has_a_bound_of_its_own():
    world = World(msgspec.structs.replace(WIDE, max_concurrent_steps=2))
    gates = [Gate() for _ in WIDE.steps]
    for step, gate in zip(WIDE.steps, gates, strict=True):
        world.runner.scripts[step.name] = gate
    async with world.running():
        task_id = await world.submit()
        for gate in gates:
            await settle()
            assert world.runner.running == 2 or gate in gates[-1:]
            gate.opened.set()
        assert await world.ended(task_id) is TaskState.COMPLETE
        assert world.runner.most_running == 2


async def test_steps_wait_for_permits_and_all_of_them_run():
    world = World(WIDE, permits=2)
    async with world.running():
        ids = [await world.submit() for _ in range(5)]
        for task_id in ids:
            assert await world.ended(task_id) is TaskState.COMPLETE
        assert world.runner.most_running <= 2
        await settle()
        world.check_permits_are_back()


async def test_a_permit_that_comes_while_an_append_is_under_way_is_used_after_it():
    world = World(WIDE, permits=1)
    world.runner.scripts["b"] = Gate()
    async with world.running():
        world.store.gate = anyio.Event()
        await world.clock.advance(0)
        async with anyio.create_task_group() as group:
            group.start_soon(world.submit)
            await settle()
            world.store.gate.set()  # "a" starts, and ends
            world.store.gate = anyio.Event()
            await settle()
            world.permits.set_limit(2)  # "a" done and "b" started are being written
            await settle()
            world.store.gate.set()
            await settle()
        assert world.runner.times("c") == 1


@pytest.mark.parametrize(
    "operation",
    [Cancel(), Pause(), ResolveStep(step="b"), CancelStep(step="b")],
    ids=lambda operation: type(operation).__name__,
)
async def test_permits_that_are_waited_for_in_vain_are_given_back(operation: AnyOperation):
    world = World(make_plan({"a": (), "b": (), "c": ()}), permits=1)
    gate = world.runner.scripts["a"] = Gate()
    async with world.running():
        task_id = await world.submit()
        other = await world.submit()
        await settle()
        await world.residency.operate(task_id, operation)
        gate.opened.set()
        await settle(200)
        assert await world.ended(other) is TaskState.COMPLETE
        if isinstance(operation, Pause):
            await world.residency.operate(task_id, Resume())
            await world.ended(task_id)
        await settle()
        world.check_permits_are_back()


async def test_a_step_that_is_offered_twice_starts_once():
    world = World(WIDE, permits=1)
    gate = world.runner.scripts["a"] = Gate()
    async with world.running():
        task_id = await world.submit()
        await settle()
        # A permit is granted, and the task paused and resumed, in one batch.
        world.store.gate = anyio.Event()
        async with anyio.create_task_group() as group:
            group.start_soon(world.residency.operate, task_id, ResolveStep(step="f"))
            await settle()
            gate.opened.set()
            await settle()
            group.start_soon(world.residency.operate, task_id, Pause())
            await settle()
            group.start_soon(world.residency.operate, task_id, Resume())
            await settle()
            world.store.gate.set()
        assert await world.ended(task_id) is TaskState.COMPLETE
        assert len(world.runner.ran) == len(set(world.runner.ran)) == 5
        await settle()
        world.check_permits_are_back()


async def test_the_hook_orders_what_is_ready():
    world = World(msgspec.structs.replace(WIDE, orders_ready=True))
    world.runner.order = lambda ready: sorted(ready, reverse=True)
    async with world.running():
        await world.ended(await world.submit())
        assert [name for _, name, _ in world.runner.ran] == list("fedcba")


async def test_the_hook_annotates_as_the_task_ends():
    world = World(msgspec.structs.replace(CHAIN, annotates=True))
    world.runner.notes = [AnnotationRecord(type="sum", annotation=raw({"n": 2}), at=NOW)]
    async with world.running():
        task_id = await world.submit()
        await world.ended(task_id)
        assert [note.type for note in await world.store.annotations(task_id)] == ["sum"]


async def test_the_deadline_ends_a_task_that_runs():
    world = World(make_plan({"a": ()}, max_execution_seconds=60))
    world.runner.scripts["a"] = Gate()
    async with world.running():
        task_id = await world.submit()
        await world.clock.advance(59)
        assert await world.state_of(task_id) is TaskState.IN_PROGRESS
        await world.clock.advance(1)
        assert await world.ended(task_id) is TaskState.ERROR
        assert world.runner.running == 0
        world.check_permits_are_back()


async def test_the_deadline_ends_a_task_that_has_left_memory():
    plan = make_plan({"a": ()}, max_execution_seconds=60, backoff=NO_JITTER)
    world = World(plan)
    world.runner.scripts["a"] = failing(9, retry_after=200.0)
    async with world.running():
        task_id = await world.submit()
        await settle()
        assert world.residency.resident(task_id) is None
        await world.clock.advance(60)
        assert await world.ended(task_id) is TaskState.ERROR
        assert world.runner.times("a") == 1


async def test_a_task_taken_up_after_its_deadline_starts_nothing():
    world = World(make_plan({"a": ()}, max_execution_seconds=60))
    await world.store.open()
    task_id = await world.leave(wake_at=0.0, state=TaskState.IN_PROGRESS, started_at=NOW - 61)
    async with world.running():
        assert await world.ended(task_id) is TaskState.ERROR
        assert world.runner.ran == []
