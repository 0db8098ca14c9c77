"""Checks of `ClaimStore` where one node works a store: it alone, until it leaves."""

from __future__ import annotations

from tasker.stores.contract import expect
from tasker.stores.contract.database import Database
from tasker.stores.contract.records import creation, found, node, recorded, task
from tasker.stores.contract.sharing import two_stores
from tasker.stores.errors import StoreInUseError
from tasker.stores.protocols import Store


async def check_one_node_works_a_store(store: Store) -> None:
    """A second node is refused, and told who holds the store."""
    await store.join(node("node-a"))
    promise = "a store is worked by one node"
    error = await expect.raises(StoreInUseError, store.join(node("node-b")), promise)
    expect.true("node-a" in error.holder, "the refusal names the holder")
    expect.equal(await store.holder(), node("node-a"), "the holder stays")


async def check_join_frees_what_others_held(store: Store) -> None:
    """Tasks of other nodes lose their owner, their epoch unchanged."""
    await recorded(
        store,
        [
            creation(task("t1", owner="dead", epoch=3)),
            creation(task("t2", owner="deader", wake_at=None)),
            creation(task("t3", owner="node-a")),
            creation(task("t4")),
        ],
    )
    expect.equal(await store.join(node("node-a")), 2, "join counts what it freed")
    freed = (await found(store, "t1")).task
    expect.equal((freed.owner, freed.epoch), (None, 3), "a freed task keeps its epoch")
    expect.equal((await found(store, "t3")).task.owner, "node-a", "its own tasks stay")
    claimed = [snapshot.task.task_id for snapshot in await store.claim_backlog("node-a", 9)]
    expect.equal(claimed, ["t1", "t4"], "freed tasks can be claimed")
    expect.equal(await store.join(node("node-a")), 0, "joining again changes nothing")
    expect.equal((await found(store, "t1")).task.owner, "node-a", "and frees none of its own")


async def check_one_process_works_the_database(database: Database) -> None:
    """A second node is refused by name until the first one leaves."""
    async with two_stores(database) as (one, two):
        expect.true(await two.holder() is None, "nobody works it")
        await one.join(node("node-a"))
        expect.equal(await two.holder(), node("node-a"), "others see the holder")
        promise = "a second node is refused"
        error = await expect.raises(StoreInUseError, two.join(node("node-b")), promise)
        expect.true("node-a" in error.holder, "the refusal names the holder")
        await one.leave("node-a")
        expect.true(await two.holder() is None, "after leaving, nobody is the holder")
        await two.join(node("node-b"))
        expect.equal(await one.holder(), node("node-b"), "and the other one may join")
