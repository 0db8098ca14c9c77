"""Several processes write at the same time: fencing, order, and nothing lost."""

import json
from functools import partial

import anyio
import pytest
from msgspec import Raw
from msgspec.structs import replace

from tasker.stores import DuplicateIdentityError, StaleLeaseError
from tasker.stores.contract.records import (
    START,
    append,
    change,
    creation,
    found,
    node,
    recorded,
    task,
)
from tasker.stores.outbox import SubscriptionRecord
from tasker.stores.records import TaskFilter, TaskState


async def test_a_task_that_is_taken_over_is_written_by_one_of_both(connect):
    former, later = await connect(), await connect()
    ids = [f"task-{number:02}" for number in range(40)]
    await recorded(former, [creation(task(each, wake_at=None, owner="former")) for each in ids])
    outcomes, taken = {}, {}

    async def write(task_id):
        (outcomes[task_id],) = await former.commit(
            [append(task_id, 2, task=change(TaskState.IN_PROGRESS, owner="former"))]
        )

    async def take_over(task_id):
        # As a sweep does: whoever had it is thought to be dead.
        await later._database.once(
            lambda connection: connection.execute(
                f"UPDATE {later._schema}.tasks SET owner = NULL WHERE task_id = $1", task_id
            )
        )
        taken[task_id] = await later.claim_task("later", task_id)

    async with anyio.create_task_group() as group:
        for task_id in ids:
            group.start_soon(write, task_id)
            group.start_soon(take_over, task_id)
    for task_id in ids:
        was_written = outcomes[task_id] is None
        if taken[task_id] is None:
            # The former one wrote after the sweep and before the claim: it has it still.
            assert was_written
            continue
        assert was_written or isinstance(outcomes[task_id], StaleLeaseError)
        # What was acknowledged was seen by the claim; what was refused is not there.
        assert taken[task_id].seq == (2 if was_written else 1)
        (again,) = await former.commit([append(task_id, taken[task_id].seq + 1)])
        assert isinstance(again, StaleLeaseError)
        await recorded(later, [append(task_id, taken[task_id].seq + 1, epoch=2)])


async def test_batches_that_share_tasks_do_not_wait_in_a_circle(connect):
    one, two = await connect(), await connect()
    ids = [f"task-{number:03}" for number in range(200)]
    await recorded(one, [creation(task(each)) for each in ids])

    async def write(store, order):
        for seq in range(2, 8):
            await store.commit([append(each, seq) for each in order])

    async with anyio.create_task_group() as group:
        group.start_soon(write, one, ids)
        group.start_soon(write, two, ids[::-1])
    seqs = {(await found(one, each)).seq for each in ids}
    histories = [len(await one.history(each)) for each in ids[:3]]
    assert seqs <= set(range(2, 8))
    assert histories == [1, 1, 1]


async def test_an_identity_goes_to_one_of_many(connect):
    stores = [await connect() for _ in range(3)]
    identities = [f"order-{number}" for number in range(20)]
    winners: dict[str, list[str]] = {identity: [] for identity in identities}

    async def create(store, name, order):
        batch = [creation(task(f"{name}-{each}", identity=each)) for each in order]
        for identity, outcome in zip(order, await store.commit(batch), strict=True):
            if outcome is None:
                winners[identity].append(name)
            else:
                assert isinstance(outcome, DuplicateIdentityError)

    async with anyio.create_task_group() as group:
        group.start_soon(create, stores[0], "a", identities)
        group.start_soon(create, stores[1], "b", identities[::-1])
        group.start_soon(create, stores[2], "c", identities[10:] + identities[:10])
    assert [len(each) for each in winners.values()] == [1] * 20
    assert await stores[0].count_tasks(TaskFilter()) == {"pending": 20}


async def test_a_reader_of_the_outbox_misses_nothing(connect):
    writers = [await connect() for _ in range(3)]
    readers = [await connect() for _ in range(2)]
    subscription = SubscriptionRecord(name="billing", events=("*",), created_at=START)
    await readers[0].put_subscription(subscription)
    done = anyio.Event()
    told: list[list[tuple[str, int]]] = [[], []]

    async def write(number, store):
        for seq in range(1, 31):
            made = creation(task(f"t{number}")) if seq == 1 else append(f"t{number}", seq)
            await recorded(store, [replace(made, outgoing=Raw(f"[{seq}]".encode()))])

    async def read(store, heard):
        cursor = 0
        while True:
            was_done = done.is_set()
            entries = await store.read_outbox("billing", after=cursor, limit=7)
            heard += [(each.task_id, *json.loads(bytes(each.events))) for each in entries]
            if entries:
                cursor = entries[-1].position
            elif was_done:
                return

    async with anyio.create_task_group() as group:
        for store, heard in zip(readers, told, strict=True):
            group.start_soon(read, store, heard)
        async with anyio.create_task_group() as writing:
            for number, store in enumerate(writers):
                writing.start_soon(write, number, store)
        done.set()
    for heard in told:
        for number in range(3):
            order = [seq for task_id, seq in heard if task_id == f"t{number}"]
            assert order == list(range(1, 31))
    assert told[0] == told[1]


async def test_counts_are_of_all_who_ever_wrote(connect):
    one, two = await connect(), await connect()
    await recorded(one, [creation(task(f"t{number}")) for number in range(5)])
    await recorded(two, [append("t0", 2, task=change(TaskState.COMPLETE))])
    # Two hours later, as the database has it, when a third one comes to work.
    await one._database.once(
        lambda connection: connection.execute(
            f"UPDATE {one._schema}.writers SET written_at = now() - interval '2 hours'"
        )
    )
    three = await connect()
    await three.join(node())
    rows = await three._database.once(
        lambda connection: connection.fetchval(f"SELECT count(*) FROM {three._schema}.writers")
    )
    assert rows == 1
    assert await three.count_tasks(TaskFilter()) == {"pending": 4, "complete": 1}
    # Those that were taken for gone begin anew.
    await recorded(one, [append("t1", 2, task=change(TaskState.COMPLETE))])
    assert await three.count_tasks(TaskFilter()) == {"pending": 3, "complete": 2}


@pytest.mark.parametrize("kind", ["backlog", "due"])
async def test_claims_of_many_processes_are_disjoint_and_complete(connect, kind):
    stores = [await connect() for _ in range(4)]
    wake_at = 0.0 if kind == "backlog" else START
    await recorded(
        stores[0], [creation(task(f"t{number:03}", wake_at=wake_at)) for number in range(200)]
    )
    claimed: list[str] = []

    async def claim(store, node_id):
        await store.join(node(node_id))
        calls = {
            "backlog": partial(store.claim_backlog, node_id, 7),
            "due": partial(store.claim_due, node_id, START, 7),
        }
        while snapshots := await calls[kind]():
            claimed.extend(each.task.task_id for each in snapshots)

    async with anyio.create_task_group() as group:
        for number, store in enumerate(stores):
            group.start_soon(claim, store, f"node-{number}")
    assert sorted(claimed) == [f"t{number:03}" for number in range(200)]
