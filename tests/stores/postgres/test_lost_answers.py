"""Connections that are lost in the middle: the outcome is looked up, and told as it is."""

from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel
import asyncpg
import pytest
from msgspec import Raw

from tasker.stores import AppendConflictError, StoreUnavailableError
from tasker.stores.contract.records import (
    append,
    change,
    creation,
    found,
    node,
    recorded,
    step,
    task,
)
from tasker.stores.postgres import PostgresStore
from tasker.stores.records import StepState, TaskFilter, TaskState
from tests.servers.proxy import proxy_to


@asynccontextmanager
async def opened(url):
    store = PostgresStore(url)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture
async def way(postgres):
    async with proxy_to(postgres.port) as proxy:
        yield proxy


@pytest.fixture
async def store(way, postgres):
    """A store that reaches its database by the proxy, and has written before."""
    url = postgres.url(reconnect_seconds=5).replace(str(postgres.port), str(way.port))
    async with opened(url) as store:
        await recorded(store, [creation(task("before"))])
        yield store


def impatient(store):
    """Return the URL of the same store for one that soon gives up."""
    return store.url.replace("reconnect_seconds=5", "reconnect_seconds=0.1")


@pytest.mark.parametrize("lost", ["request", "answer"])
async def test_a_commit_happens_once_whatever_is_lost(store, way, lost):
    await recorded(store, [creation(task("task-1"), steps=(step("a"),))])
    way.lose(lost, b"task-1")
    done = step("a", StepState.COMPLETE, results=Raw(b"1"))
    await recorded(store, [append("task-1", 2, steps=(done,), task=change())])
    assert way.cuts == 1
    snapshot = await found(store, "task-1")
    assert (snapshot.seq, snapshot.steps) == (2, (done,))
    assert await store.count_tasks(TaskFilter()) == {"pending": 1, "in_progress": 1}
    await recorded(store, [append("task-1", 3)])


@pytest.mark.parametrize("lost", ["request", "answer"])
async def test_a_batch_with_refusals_happens_once_too(store, way, lost):
    way.lose(lost, b"COMMIT")
    outcomes = await store.commit([creation(task("task-1")), append("before", 7)])
    assert way.cuts == 1
    assert outcomes[0] is None
    assert isinstance(outcomes[1], AppendConflictError)
    assert (await found(store, "task-1")).seq == 1
    assert await store.count_tasks(TaskFilter()) == {"pending": 2}


async def test_an_unknown_outcome_is_an_error_and_never_success(store, way):
    async with opened(impatient(store)) as one:
        await recorded(one, [creation(task("task-1"))])
        way.lose("answer", b"task-1", then_close=True)
        with pytest.raises(StoreUnavailableError, match="reached"):
            await one.commit([append("task-1", 2)])
        way.open()
        # It had happened; the next commit does not take that for its own.
        (outcome,) = await one.commit([append("task-1", 2, steps=(step("other"),))])
        assert isinstance(outcome, AppendConflictError)
        assert (await found(one, "task-1")).steps == ()
        await recorded(one, [append("task-1", 3)])


async def test_one_doubt_is_not_the_answer_to_another(store, way):
    async with opened(impatient(store)) as one:
        await recorded(one, [creation(task("task-1")), creation(task("task-2"))])
        way.lose("answer", b"task-1", then_close=True)
        with pytest.raises(StoreUnavailableError):
            await one.commit([append("task-1", 2)])
        way.open()
        # What was in doubt is counted; what is lost now never happened, and is done again.
        way.lose("request", b"task-2")
        await recorded(one, [append("task-2", 2)])
        assert (await found(one, "task-2")).seq == 2


async def test_a_probe_ends_the_doubt(store, way):
    async with opened(impatient(store)) as one:
        await recorded(one, [creation(task("task-1"))])
        way.lose("request", b"task-1", then_close=True)
        with pytest.raises(StoreUnavailableError):
            await one.commit([append("task-1", 2)])
        with pytest.raises(StoreUnavailableError):
            await one.probe()
        way.open()
        await one.probe()
        assert (await found(one, "task-1")).seq == 1
        await recorded(one, [append("task-1", 2)])


@pytest.mark.parametrize("lost", ["request", "answer"])
async def test_a_claim_happens_once(store, way, lost):
    await store.join(node("node-a"))
    way.lose(lost, b"COMMIT")
    (claimed,) = await store.claim_backlog("node-a", 9)
    assert way.cuts == 1
    assert (claimed.task.task_id, claimed.task.owner, claimed.task.epoch) == ("before", "node-a", 2)
    assert (await found(store, "before")).task == claimed.task


async def test_a_claim_in_doubt_comes_with_the_next_one(store, way):
    async with opened(impatient(store)) as one:
        await one.join(node("node-a"))
        way.lose("answer", b"COMMIT", then_close=True)
        with pytest.raises(StoreUnavailableError):
            await one.claim_backlog("node-a", 9)
        way.open()
        (claimed,) = await one.claim_backlog("node-a", 9)
        assert (claimed.task.task_id, claimed.task.epoch) == ("before", 2)
        assert await one.claim_backlog("node-a", 9) == []


async def test_reads_go_on_after_a_cut(store, way):
    async with anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(found, store, "before")
        await anyio.lowlevel.checkpoint()
        way.cut()
    assert (await found(store, "before")).task.state == TaskState.PENDING


async def test_a_connection_that_is_just_ending_is_not_used_again(store):
    # The server ends it unasked, and the driver takes the next statement for a mistake.
    used = []

    async def work(connection):
        used.append(connection.get_server_pid())
        if len(used) == 1:
            raise asyncpg.InternalClientError("cannot switch to state 11")
        return await connection.fetchval("SELECT 1")

    assert await store._database.read(work) == 1
    assert used[0] != used[1]
