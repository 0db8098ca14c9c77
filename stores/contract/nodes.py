"""Checks of `ClaimStore`: who works the store."""

from __future__ import annotations

from tasker.stores.contract import expect
from tasker.stores.contract.records import (
    append,
    change,
    creation,
    found,
    node,
    recorded,
    task,
    working,
)
from tasker.stores.protocols import Store


async def check_join_and_leave(store: Store) -> None:
    """The node that works a store is its holder until it leaves."""
    expect.true(await store.holder() is None, "nobody works a new store")
    expect.equal(await store.join(node("node-a")), 0, "there is nothing to free")
    expect.equal(await store.holder(), node("node-a"), "the node that joined is the holder")
    await store.leave("node-a")
    expect.true(await store.holder() is None, "after leaving, nobody is")
    await store.join(node("node-b"))
    expect.equal(await store.holder(), node("node-b"), "then another node may join")


async def check_leave_frees_what_the_node_held(store: Store) -> None:
    """The tasks that a leaving node still owns can be claimed by others."""
    await store.join(node("node-a"))
    await recorded(
        store, [creation(task("t1", owner="node-a")), creation(task("t2", owner="node-b"))]
    )
    await store.leave("node-a")
    left = (await found(store, "t1")).task
    expect.equal((left.owner, left.epoch), (None, 1), "a leaving node's tasks are free")
    expect.equal((await found(store, "t2")).task.owner, "node-b", "the tasks of others are not")


async def check_leave_of_another_keeps_the_holder(store: Store) -> None:
    """Only the holder gives up the store."""
    await store.join(node("node-a"))
    await store.leave("node-b")
    expect.equal(await store.holder(), node("node-a"), "another node's leaving is not the holder's")


async def check_own_writes_are_no_change(store: Store) -> None:
    """The first call is True; afterwards only other processes count."""
    await working(store)
    expect.true(await store.changed(), "the first call is True")
    expect.true(not await store.changed(), "nothing happened since")
    await recorded(store, [creation(task("t1"))])
    await store.claim_backlog("node-a", 1)
    await recorded(store, [append("t1", 2, epoch=2, task=change())])
    await store.join(node("node-a"))
    await store.probe()
    expect.true(not await store.changed(), "what this store wrote itself does not count")
