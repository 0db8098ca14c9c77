"""Checks of `LeaseStore`, for stores that several nodes may work at once.

Time is the database's: a lease of no length at all has run out as soon as it is there.
"""

from __future__ import annotations

from tasker.stores.contract import expect
from tasker.stores.contract.records import (
    append,
    command,
    creation,
    found,
    node,
    recorded,
    task,
)
from tasker.stores.errors import StaleLeaseError
from tasker.stores.leases import LeaseLine, Renewal
from tasker.stores.protocols import Store

LONG = 60.0


def _line(store: Store, seconds: float = LONG) -> LeaseLine:
    line = store.lease_line(seconds)
    assert line is not None, "a store of many nodes has leases"
    return line


async def _renewed(store: Store, node_id: str, seconds: float = LONG) -> Renewal:
    line = _line(store, seconds)
    try:
        return await line.renew(node_id, 0.25)
    finally:
        await line.close()


async def check_many_nodes_join(store: Store) -> None:
    """Nodes join without asking who else works the store, and are listed, the first first."""
    for node_id in ("node-a", "node-b"):
        expect.equal(await store.join(node(node_id)), 0, "there is nothing to free")
    await recorded(store, [creation(task("t1", owner="node-b"))])
    listed = [(each.node.node_id, each.tasks, each.draining) for each in await store.nodes()]
    expect.equal(listed, [("node-a", 0, False), ("node-b", 1, False)], "both are listed")
    await store.leave("node-a")
    expect.equal(
        [each.node.node_id for each in await store.nodes()], ["node-b"], "until they leave"
    )


async def check_a_lease_is_renewed_while_it_holds(store: Store) -> None:
    """A node that joined renews its lease; one that never did, or whose lease is over, cannot."""
    await store.join(node("node-a"), lease_seconds=LONG)
    expect.true((await _renewed(store, "node-a")).held, "a lease that holds is renewed")
    (status,) = await store.nodes()
    expect.equal(status.lag_seconds, 0.25, "what the node says of itself is kept")
    expect.true((status.lease_seconds or 0) > LONG / 2, "it holds for as long as was asked")
    expect.true(not (await _renewed(store, "node-b")).held, "nobody renews what they have not")
    await store.join(node("node-c"), lease_seconds=0.0)
    expect.true(not (await _renewed(store, "node-c")).held, "a lease that is over is not renewed")


async def check_a_lease_that_is_over_frees_tasks(store: Store) -> None:
    """Whoever renews frees the tasks of nodes whose leases are over, with the next epoch."""
    await store.join(node("dead"), lease_seconds=0.0)
    await store.join(node("node-a"), lease_seconds=LONG)
    await recorded(
        store,
        [
            creation(task("t1", owner="dead", epoch=3)),
            creation(task("t2", owner="node-a")),
        ],
    )
    expect.equal((await _renewed(store, "node-a")).freed, 1, "it says how many there were")
    freed = (await found(store, "t1")).task
    expect.equal((freed.owner, freed.epoch), (None, 4), "a freed task has the next epoch")
    expect.equal((await found(store, "t2")).task.owner, "node-a", "others keep their tasks")
    (outcome,) = await store.commit([append("t1", 2, epoch=3)])
    expect.refusal(outcome, StaleLeaseError, "the former owner is refused at once")
    expect.equal((await _renewed(store, "node-a")).freed, 0, "there are no more")


async def check_a_node_without_a_lease_claims_nothing(store: Store) -> None:
    """Neither a node that did not join nor one whose lease is over takes a task."""
    await store.join(node("late"), lease_seconds=0.0)
    await recorded(store, [creation(task("t1")), creation(task("t2", wake_at=1.0))])
    for node_id in ("late", "stranger"):
        expect.equal(await store.claim_backlog(node_id, 9), [], "not of the backlog")
        expect.equal(await store.claim_due(node_id, 2.0, 9), [], "not of what is due")
        expect.true(await store.claim_task(node_id, "t1") is None, "and not by name")
    await store.join(node("late"), lease_seconds=LONG)
    expect.equal(len(await store.claim_backlog("late", 9)), 1, "with a lease it does")


async def check_joining_again_frees_its_own(store: Store) -> None:
    """A node that joins again has lost what it owned, to the next epoch."""
    await store.join(node("node-a"))
    await recorded(
        store, [creation(task("t1", owner="node-a")), creation(task("t2", owner="node-b"))]
    )
    expect.equal(await store.join(node("node-a")), 1, "join counts what it freed")
    freed = (await found(store, "t1")).task
    expect.equal((freed.owner, freed.epoch), (None, 2), "a freed task has the next epoch")
    expect.equal((await found(store, "t2")).task.owner, "node-b", "others keep theirs")


async def check_a_node_is_asked_to_drain(store: Store) -> None:
    """A node learns with its next renewal that it is to drain."""
    await store.join(node("node-a"))
    expect.true(not (await _renewed(store, "node-a")).drain, "nobody has asked")
    expect.true(await store.drain_node("node-a"), "the node is there")
    expect.true(not await store.drain_node("node-z"), "this one is not")
    expect.true((await _renewed(store, "node-a")).drain, "it is told")
    expect.true((await store.nodes())[0].draining, "and others see it")


async def check_commands_go_to_the_owner(store: Store) -> None:
    """Commands for a task that another node has are left out."""
    for node_id in ("node-a", "node-b"):
        await store.join(node(node_id))
    await recorded(store, [creation(task("t1", owner="node-b")), creation(task("t2"))])
    for number, task_id in enumerate(("t1", "t2", "nowhere")):
        await store.post_command(command(f"c{number}", task_id=task_id))
    for node_id, wanted in (("node-a", ["t2", "nowhere"]), ("node-b", ["t1", "t2", "nowhere"])):
        waiting = [each.task_id for each in await store.waiting_commands(9, node_id)]
        expect.equal(waiting, wanted, "a node gets those that it may do")
