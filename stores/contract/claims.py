"""Checks of `ClaimStore`: who owns which task."""

from __future__ import annotations

import anyio

from tasker.stores.contract import expect
from tasker.stores.contract.records import (
    START,
    append,
    change,
    creation,
    found,
    recorded,
    step,
    task,
    working,
)
from tasker.stores.protocols import Store
from tasker.stores.records import TaskSnapshot, TaskState


def _ids(claimed: list[TaskSnapshot]) -> list[str]:
    return [snapshot.task.task_id for snapshot in claimed]


async def check_backlog_by_priority_then_age(store: Store) -> None:
    """Highest priority first, then oldest."""
    await working(store)
    for task_id, priority in (("t3", 0), ("t1", 0), ("t4", 9), ("t2", -1), ("t5", 9)):
        await recorded(store, [creation(task(task_id, priority=priority))])
    first = await store.claim_backlog("node-a", 3)
    expect.equal(_ids(first), ["t4", "t5", "t1"], "highest priority first, then oldest")
    rest = await store.claim_backlog("node-a", 9)
    expect.equal(_ids(rest), ["t3", "t2"], "a limit leaves the rest; what is owned is not claimed")
    expect.equal(await store.claim_backlog("node-a", 9), [], "nothing is left")


async def check_backlog_is_what_can_run_at_once(store: Store) -> None:
    """Only tasks with no owner and ``wake_at`` 0 are claimed."""
    await working(store)
    await recorded(
        store,
        [
            creation(task("now")),
            creation(task("later", wake_at=START)),
            creation(task("resting", wake_at=None)),
            creation(task("owned", owner="node-b")),
        ],
    )
    expect.equal(_ids(await store.claim_backlog("node-a", 9)), ["now"], "only wake_at 0, unowned")


async def check_a_claim_returns_and_records_the_task(store: Store) -> None:
    """The snapshot carries the new epoch and owner, and so does the store."""
    await working(store)
    await recorded(store, [creation(task("t1", epoch=4), steps=(step("a"),))])
    (claimed,) = await store.claim_backlog("node-a", 1)
    expect.equal((claimed.task.owner, claimed.task.epoch), ("node-a", 5), "a claim is in the task")
    expect.equal((claimed.steps, claimed.seq), ((step("a"),), 1), "with its steps and newest seq")
    expect.equal(await found(store, "t1"), claimed, "what is claimed is recorded")


async def check_claims_at_once_are_disjoint(store: Store) -> None:
    """Two claims at the same time never return one task."""
    await working(store)
    await recorded(store, [creation(task(f"t{number:02}")) for number in range(40)])
    claimed: list[str] = []

    async def claim(node_id: str) -> None:
        for _ in range(4):
            claimed.extend(_ids(await store.claim_backlog(node_id, 3)))

    async with anyio.create_task_group() as group:
        for node_id in ("node-a", "node-b", "node-c"):
            group.start_soon(claim, node_id)
    expect.equal(len(claimed), 36, "claims beside each other get what is there")
    expect.equal(len(set(claimed)), 36, "a task is claimed once")


async def check_a_released_task_is_claimed_again(store: Store) -> None:
    """An append without an owner gives the task back."""
    await working(store)
    await recorded(store, [creation(task("t1"))])
    await store.claim_backlog("node-a", 1)
    await recorded(store, [append("t1", 2, epoch=2, task=change(wake_at=0.0))])
    (again,) = await store.claim_backlog("node-b", 1)
    expect.equal((again.task.owner, again.task.epoch), ("node-b", 3), "each claim raises the epoch")


async def check_due_is_earliest_first(store: Store) -> None:
    """Tasks whose instant has come, earliest first, up to a limit."""
    await working(store)
    for task_id, wake_at in (("t1", 30.0), ("t2", 10.0), ("t3", 20.0), ("t4", 40.0)):
        await recorded(store, [creation(task(task_id, wake_at=START + wake_at, priority=1))])
    await recorded(store, [creation(task("backlog", wake_at=0.0))])
    await recorded(store, [creation(task("owned", wake_at=START, owner="node-b"))])
    expect.equal(await store.claim_due("node-a", START + 9, 9), [], "nothing is due yet")
    first = await store.claim_due("node-a", START + 30, 2)
    expect.equal(_ids(first), ["t2", "t3"], "the earliest are claimed first")
    second = await store.claim_due("node-a", START + 30, 9)
    expect.equal(_ids(second), ["t1"], "an instant that is now is due; later ones are not")
    task_now = second[0].task
    expect.equal((task_now.owner, task_now.epoch), ("node-a", 2), "each claim raises the epoch")
    expect.equal((await found(store, "t1")).task, task_now, "and is recorded")


async def check_next_wake_at(store: Store) -> None:
    """The earliest timer of a task with no owner."""
    await working(store)
    expect.true(await store.next_wake_at() is None, "no tasks, no timer")
    await recorded(
        store,
        [
            creation(task("t1", wake_at=0.0)),
            creation(task("t2", wake_at=None)),
            creation(task("t3", wake_at=START, owner="node-b")),
        ],
    )
    expect.true(await store.next_wake_at() is None, "backlog, rest and owned tasks have no timer")
    await recorded(store, [creation(task("t4", wake_at=START + 5))])
    await recorded(store, [creation(task("t5", wake_at=START + 3))])
    expect.equal(await store.next_wake_at(), START + 3, "the earliest timer counts")
    await store.claim_due("node-a", START + 3, 1)
    expect.equal(await store.next_wake_at(), START + 5, "a claimed task has no timer")


async def check_any_task_is_claimed_by_name(store: Store) -> None:
    """A task is claimed in whatever state, unless another node owns it."""
    await working(store)
    for state in TaskState:
        await recorded(
            store, [creation(task(state, state=state, wake_at=None), steps=(step("a"),))]
        )
        claimed = await store.claim_task("node-a", state)
        if claimed is None:
            raise expect.BrokenPromiseError(f"a task in state {state} can be claimed by name")
        facts = (claimed.task.owner, claimed.task.epoch, claimed.seq, len(claimed.steps))
        expect.equal(facts, ("node-a", 2, 1, 1), "the snapshot is whole")
        expect.equal(await found(store, state), claimed, "the claim is recorded")
    again = await store.claim_task("node-a", "paused")
    expect.true(again is not None and again.task.epoch == 3, "its owner may claim it again")
    other = await store.claim_task("node-b", "paused")
    expect.true(other is None, "another node may not")
    kept = (await found(store, "paused")).task
    expect.equal((kept.owner, kept.epoch), ("node-a", 3), "a claim that failed changes nothing")
    expect.true(await store.claim_task("node-a", "nowhere") is None, "an unknown task is None")
