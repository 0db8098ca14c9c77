"""Checks of what `TaskReader` counts."""

from __future__ import annotations

from collections import Counter

from tasker.stores.contract import expect
from tasker.stores.contract.records import (
    START,
    append,
    change,
    creation,
    recorded,
    step,
    task,
)
from tasker.stores.protocols import Store
from tasker.stores.records import StepState, TaskFilter, TaskState, Workload


async def check_counts_by_state(store: Store) -> None:
    """Matching tasks are counted by state; states with none are absent."""
    await recorded(
        store,
        [
            creation(task("t1")),
            creation(task("t2")),
            creation(task("t3", state=TaskState.ERROR, tags=("x",))),
            creation(task("t4", state=TaskState.ERROR, namespace="shop")),
        ],
    )
    counted = await store.count_tasks(TaskFilter())
    wanted = {TaskState.PENDING: 2, TaskState.ERROR: 2}
    expect.equal(counted, wanted, "tasks are counted by state")
    expect.true(all(isinstance(state, TaskState) for state in counted), "keys are TaskStates")
    for where in (TaskFilter(namespace="shop"), TaskFilter(tags=("x",))):
        expect.equal(await store.count_tasks(where), {TaskState.ERROR: 1}, "filters count too")
    expect.equal(await store.count_tasks(TaskFilter(name="none")), {}, "no match, no states")


async def check_counts_follow_every_change(store: Store) -> None:
    """The counts of all tasks are those of the list, whatever one batch changed or refused."""
    running, failed = TaskState.IN_PROGRESS, TaskState.ERROR
    await recorded(store, [creation(task(f"t{number}")) for number in range(4)])
    await recorded(
        store,
        [
            append("t0", 2, task=change(running, owner="node-a")),
            append("t0", 3, task=change(failed)),
            append("t1", 2, task=change(running, owner="node-a")),
            append("t1", 3, task=change(running)),
            append("t2", 2),
            creation(task("t4")),
            append("t4", 2, task=change(TaskState.CANCELLED)),
        ],
    )
    refused = await store.commit(
        [
            append("t3", 2, epoch=9, task=change(failed)),
            append("t3", 2, task=change(running)),
            append("unknown", 2, task=change(failed)),
        ]
    )
    expect.equal(
        [refusal is None for refusal in refused], [False, True, False], "what is stale is refused"
    )
    await store.claim_task("node-b", "t2")
    counted = {TaskState.PENDING: 1, running: 2, failed: 1, TaskState.CANCELLED: 1}
    expect.equal(await store.count_tasks(TaskFilter()), counted, "counts follow every change")
    expect.equal(
        await store.count_tasks(TaskFilter(states=(running, TaskState.PAUSED))),
        {running: 2},
        "those of some states too",
    )
    listed = (await store.list_tasks(TaskFilter())).tasks
    expect.equal(dict(Counter(each.state for each in listed)), counted, "as the list has them")


async def check_what_is_left_to_do_is_counted(store: Store) -> None:
    """The workload counts tasks nobody owns, and the steps of tasks that are not done."""
    failed, complete = StepState.ERROR, StepState.COMPLETE
    now = START + 100
    mine = task("t3", at=START - 50, owner="node-a", state=TaskState.IN_PROGRESS)
    done = task("t6", at=START - 90, state=TaskState.COMPLETE, wake_at=None)
    dead = task("t7", at=START - 80, state=TaskState.ERROR, wake_at=None)
    await recorded(
        store,
        [
            creation(task("t1", at=START + 5)),
            creation(task("t2", at=START - 7, wake_at=now), steps=(step("a", complete),)),
            creation(mine, steps=(step("a"), step("b", failed, retry_at=now + 1))),
            creation(task("t4", at=START - 60, wake_at=now + 0.5)),
            creation(task("t5", wake_at=None, state=TaskState.PAUSED)),
            creation(done, steps=(step("a", failed, retry_at=now + 1), step("b", complete))),
            creation(dead, steps=(step("a", failed), step("b", failed, retry_at=now))),
        ],
    )
    expect.equal(
        await store.workload(now),
        Workload(
            ready_tasks=2,
            oldest_ready_at=START - 7,
            sleeping_tasks=1,
            steps={complete: 1, StepState.IN_PROGRESS: 1, failed: 3},
            retryable=2,
            in_backoff=1,
        ),
        "what is left to do is counted",
    )


async def check_an_empty_store_has_nothing_left_to_do(store: Store) -> None:
    """In an empty store the workload is nothing, and no task is the oldest."""
    expect.equal(
        await store.workload(START),
        Workload(
            ready_tasks=0,
            oldest_ready_at=None,
            sleeping_tasks=0,
            steps={},
            retryable=0,
            in_backoff=0,
        ),
        "there is nothing left to do",
    )
