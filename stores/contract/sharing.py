"""Checks with two store objects on one database, as two processes have them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from msgspec import Raw
from msgspec.structs import replace

from tasker.stores.contract import expect
from tasker.stores.contract.commands import DONE
from tasker.stores.contract.database import Database
from tasker.stores.contract.records import (
    START,
    append,
    command,
    creation,
    found,
    node,
    recorded,
    task,
    working,
)
from tasker.stores.errors import (
    AppendConflictError,
    DuplicateIdentityError,
    StaleLeaseError,
)
from tasker.stores.outbox import SubscriptionRecord
from tasker.stores.protocols import Store
from tasker.stores.records import ObjectMapRecord


@asynccontextmanager
async def two_stores(database: Database) -> AsyncIterator[tuple[Store, Store]]:
    """Open two stores on one database."""
    one, two = database.connect(), database.connect()
    try:
        await one.open()
        await two.open()
        yield one, two
    finally:
        await one.close()
        await two.close()


async def check_an_empty_database_is_opened_by_many_at_once(database: Database) -> None:
    """Whoever comes first makes the schema; all of them succeed."""
    stores = [database.connect() for _ in range(4)]
    try:
        async with anyio.create_task_group() as group:
            for store in stores:
                group.start_soon(store.open)
        for number, store in enumerate(stores):
            await recorded(store, [creation(task(f"t{number}"))])
    finally:
        for store in stores:
            await store.close()


async def check_another_process_submits(database: Database) -> None:
    """A task that one store recorded is seen and claimed by the other."""
    async with two_stores(database) as (engine, client):
        await engine.join(node("node-a"))
        await recorded(client, [creation(task("t1"))])
        (claimed,) = await engine.claim_backlog("node-a", 9)
        expect.equal(await found(client, "t1"), claimed, "both see the claim")


async def check_changes_of_others_are_noticed(database: Database) -> None:
    """``changed`` tells of the other's writes, once, and not of one's own."""
    async with two_stores(database) as (engine, client):
        await engine.changed()
        await client.changed()
        expect.true(not await engine.changed(), "nothing happened")
        await recorded(client, [creation(task("t1"))])
        expect.true(await engine.changed(), "a commit of another process is noticed")
        expect.true(not await engine.changed(), "once")
        expect.true(not await client.changed(), "and not by the one who made it")
        await client.post_command(command("c1"))
        expect.true(await engine.changed(), "so is a command of another process")
        await engine.claim_backlog("node-a", 1)
        expect.true(not await engine.changed(), "what it writes itself does not count")
        await client.get_task("t1")
        expect.true(not await engine.changed(), "reads of another process do not count")
        await engine.finish_command("c1", DONE)
        await client.post_command(command("c2"))
        expect.true(await engine.changed(), "own writes do not hide those of others")


async def check_questions_do_not_hinder_joining(database: Database) -> None:
    """Asking for the holder neither makes one nor keeps a node from joining."""
    async with two_stores(database) as (one, two):
        found_early = []

        async def ask() -> None:
            for _ in range(20):
                found_early.append(await two.holder())

        async with anyio.create_task_group() as group:
            group.start_soon(ask)
            for _ in range(20):
                await one.join(node("node-a"))
                await one.leave("node-a")
        expect.true(
            all(holder in (None, node("node-a")) for holder in found_early),
            "there was no other holder",
        )


async def check_a_closed_store_frees_the_database(database: Database) -> None:
    """A store that was closed without leaving holds nothing."""
    async with two_stores(database) as (one, two):
        await one.join(node("node-a"))
        await recorded(one, [creation(task("t1"))])
        await one.claim_backlog("node-a", 1)
        await one.close()
        expect.true(await two.holder() is None, "a closed store works nothing")
        # With leases, closing has freed them.
        freed = 0 if two.many_nodes else 1
        expect.equal(await two.join(node("node-b")), freed, "its tasks are freed by the next node")
        (claimed,) = await two.claim_backlog("node-b", 9)
        expect.true(claimed.task.epoch >= 3, "each claim raises the epoch")


async def check_the_epoch_fences_another_process(database: Database) -> None:
    """A process that lost a task cannot write to it."""
    async with two_stores(database) as (one, two):
        await working(one)
        await recorded(one, [creation(task("t1"))])
        await one.claim_task("node-a", "t1")
        await one.leave("node-a")
        await two.claim_task("node-b", "t1")
        (outcome,) = await one.commit([append("t1", 2, epoch=2)])
        expect.refusal(outcome, StaleLeaseError, "the former owner is refused")
        await recorded(two, [append("t1", 2, epoch=3)])
        (outcome,) = await one.commit([append("t1", 2, epoch=3)])
        expect.refusal(outcome, AppendConflictError, "a number is taken across processes")


async def check_identities_are_unique_across_processes(database: Database) -> None:
    """An identity recorded by one is refused to the other."""
    async with two_stores(database) as (one, two):
        await recorded(one, [creation(task("t1", identity="one"))])
        (outcome,) = await two.commit([creation(task("t2", identity="one"))])
        error = expect.refusal(outcome, DuplicateIdentityError, "an identity is unique")
        expect.equal(error.task_id, "t1", "the refusal names the task")


async def check_processes_claim_apart(database: Database) -> None:
    """Claims of two processes at once are disjoint."""
    async with two_stores(database) as (one, two):
        await working(one)
        await recorded(one, [creation(task(f"t{number:02}")) for number in range(30)])
        claimed: list[str] = []

        async def claim(store: Store, node_id: str) -> None:
            while snapshots := await store.claim_backlog(node_id, 4):
                claimed.extend(snapshot.task.task_id for snapshot in snapshots)

        async with anyio.create_task_group() as group:
            group.start_soon(claim, one, "node-a")
            group.start_soon(claim, two, "node-b")
        expect.equal(len(claimed), 30, "every task is claimed")
        expect.equal(len(set(claimed)), 30, "by one of them")


async def check_commands_cross_processes(database: Database) -> None:
    """A command posted by one is done by the other, and its outcome comes back."""
    async with two_stores(database) as (engine, client):
        await client.post_command(command("c1", at=START))
        (waiting,) = await engine.waiting_commands(9, "node-a")
        await engine.finish_command(waiting.command_id, DONE)
        done = await client.get_command("c1")
        outcome = None if done is None else done.outcome
        expect.true(outcome is not None and bytes(outcome) == DONE, "the outcome comes back")


async def check_one_object_map_for_all_processes(database: Database) -> None:
    """Two processes at once get the same map."""
    forth = ObjectMapRecord(system_one="a", remote_id_one="1", system_two="b", remote_id_two="2")
    back = ObjectMapRecord(system_one="b", remote_id_one="2", system_two="a", remote_id_two="1")
    maps: list[ObjectMapRecord] = []
    async with two_stores(database) as (one, two):

        async def ask(store: Store, wanted: ObjectMapRecord) -> None:
            maps.append(await store.find_or_create_object_map(wanted))

        async with anyio.create_task_group() as group:
            for _ in range(4):
                group.start_soon(ask, one, forth)
                group.start_soon(ask, two, back)
    expect.equal(len(set(maps)), 1, "processes at once get the same map")


async def check_a_subscription_is_of_all_processes(database: Database) -> None:
    """What one process records, another one delivers; only one of them has the lease."""
    async with two_stores(database) as (one, two):
        await one.put_subscription(
            SubscriptionRecord(name="billing", events=("*",), created_at=START)
        )
        expect.equal(await two.wanted_events(), {"billing": ["*"]}, "it is known to the other")
        told = [Raw(b'[{"event_id":"%d"}]' % number) for number in range(3)]
        await recorded(two, [replace(creation(task("t0")), outgoing=told[0])])
        await recorded(one, [replace(creation(task("t1")), outgoing=told[1])])
        leased = await two.lease_subscription("billing", "two", now=START, until=START + 9)
        if leased is None:
            raise expect.BrokenPromiseError("a lease that is free was refused")
        refused = await one.lease_subscription("billing", "one", now=START, until=START + 9)
        expect.true(refused is None, "then the first one does not")
        entries = await two.read_outbox("billing", after=0, limit=9)
        expect.equal([each.task_id for each in entries], ["t0", "t1"], "in the order of commits")
        await two.advance("billing", leased.epoch, entries[-1].position)
        await recorded(one, [replace(creation(task("t2")), outgoing=told[2])])
        rest = await two.read_outbox("billing", after=entries[-1].position, limit=9)
        expect.equal([each.task_id for each in rest], ["t2"], "nothing comes below a cursor")
