"""Checks of `JournalStore`: what a commit records."""

from __future__ import annotations

from msgspec import Raw
from msgspec.structs import replace

from tasker.stores.contract import expect
from tasker.stores.contract.records import (
    START,
    append,
    change,
    creation,
    found,
    moved,
    note,
    recorded,
    step,
    steps_of,
    task,
)
from tasker.stores.protocols import Store
from tasker.stores.records import ErrorRecord, StepState, TaskDetails, TaskFilter, TaskState


async def check_an_append_is_recorded_whole(store: Store) -> None:
    """Task head, steps, transitions and annotations arrive together."""
    record = task("t1")
    await recorded(store, [creation(record, steps=(step("a"),))])
    head = change(TaskState.ERROR, ended_at=START + 2)
    second = append(
        "t1",
        2,
        at=START + 2,
        task=head,
        steps=(step("a", StepState.ERROR), step("b")),
        transitions=(moved("a", "in_progress", "error", attempt=1),),
        annotations=(note("audit", b'{"by":"us"}'),),
    )
    await recorded(store, [second])

    snapshot = await found(store, "t1")
    expect.equal(snapshot.seq, 2, "a snapshot carries the newest seq")
    expect.equal(snapshot.task.state, TaskState.ERROR, "the task's head is recorded")
    expect.equal(
        steps_of(snapshot),
        {"a": step("a", StepState.ERROR), "b": step("b")},
        "the steps of an append are recorded",
    )
    history = await store.history("t1")
    expect.equal([row.to_state for row in history], ["pending", "error"], "so are transitions")
    expect.equal(await store.annotations("t1"), second.annotations, "so are annotations")


async def check_details_replace_those_of_the_task(store: Store) -> None:
    """An append's details are the task's from then on, and nothing else of it changes."""
    record = task("t1", reason="asked", tags=("a",))
    await recorded(store, [creation(record), creation(task("t2", reason="asked"))])
    changed = TaskDetails(reason='an "audit"', tags=("b", "ü"))
    await recorded(store, [append("t1", 2, details=changed)])
    expected = replace(record, reason='an "audit"', tags=("b", "ü"))
    expect.equal((await found(store, "t1")).task, expected, "details are the task's")
    expect.equal((await found(store, "t2")).task.reason, "asked", "of no other task")
    page = await store.list_tasks(TaskFilter(tags=("b",)))
    expect.equal([each.task_id for each in page.tasks], ["t1"], "a task is found by its new tags")


async def check_every_field_of_a_task_comes_back(store: Store) -> None:
    """A task is read as it was written."""
    record = task(
        "t1",
        namespace="shop",
        version="2.0.0-rc.1",
        state=TaskState.PAUSED,
        priority=-7,
        requested_at=START - 0.25,
        started_at=START + 0.125,
        ended_at=START + 1e-6,
        wake_at=START + 60,
        owner="node-a",
        epoch=3,
        initiator="Ünïcode 🚚",
        source_system="web",
        reason='with "quotes" and \\',
        tags=("b", "a", "ü,'\""),
        bypass_steps=("audit",),
        identity="customer/7",
        correlation_id="req-7/é✓",
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        tracestate="vendor=value,other=1",
        context=Raw(b'{"n":9007199254740993,"text":"\xc3\xbc","none":null}'),
        overrides=Raw(b'{"audit":{"retry_limit":5}}'),
    )
    await recorded(store, [creation(record)])
    expect.equal((await found(store, "t1")).task, record, "every field of a task comes back")


async def check_every_field_of_a_step_comes_back(store: Store) -> None:
    """A step is read as it was written, and an absent value is not null."""
    error = ErrorRecord(
        error_class="shop.Declined",
        message="card declined ✗",
        permanent=True,
        retry_after=1.5,
        error_code="422",
        backtrace=("one", "two"),
        context=Raw(b'{"card":"x"}'),
    )
    full = step(
        "charge",
        StepState.ERROR,
        attempts=4,
        forgiven=2,
        retry_limit=9,
        permanent=True,
        retry_at=START + 8,
        ready_at=START + 1,
        started_at=START + 2,
        ended_at=START + 3,
        inputs=Raw(b'{"amount":1}'),
        results=Raw(b"[1,2.5,null]"),
        error=error,
    )
    null = step("null", StepState.COMPLETE, results=Raw(b"null"))
    await recorded(store, [creation(task("t1"), steps=(full, null, step("bare")))])
    steps = steps_of(await found(store, "t1"))
    expect.equal(steps["charge"], full, "every field of a step comes back")
    expect.equal(steps["bare"], step("bare"), "so do the defaults")
    expect.true(steps["bare"].results is None, "a step without results has None")
    expect.true(steps["null"].results is not None, "a result of null is a result")


async def check_outcomes_are_in_order(store: Store) -> None:
    """Each append has its own outcome; a refusal does not touch the others."""
    await recorded(store, [creation(task("t1")), creation(task("t2")), creation(task("t3"))])
    outcomes = await store.commit(
        [
            append("t1", 2, steps=(step("a"),)),
            append("t2", 2, epoch=9, steps=(step("a"),)),
            append("t3", 2, steps=(step("a"),)),
        ]
    )
    expect.equal(
        [outcome is None for outcome in outcomes],
        [True, False, True],
        "one outcome for each append, in order",
    )
    for task_id, seq in (("t1", 2), ("t2", 1), ("t3", 2)):
        expect.equal((await found(store, task_id)).seq, seq, "the others are recorded")


async def check_an_empty_commit_has_no_outcomes(store: Store) -> None:
    """Nothing to record is no error."""
    expect.equal(await store.commit([]), [], "no appends, no outcomes")


async def check_a_head_is_replaced_whole(store: Store) -> None:
    """A task's change replaces all of its mutable head, and nothing else."""
    record = task("t1", owner="node-a", started_at=START, ended_at=START, priority=3)
    await recorded(store, [creation(record)])
    await recorded(store, [append("t1", 2, task=change(TaskState.PAUSED))])
    snapshot = await found(store, "t1")
    head = (snapshot.task.wake_at, snapshot.task.owner, snapshot.task.started_at)
    expect.equal(head, (None, None, None), "None in a change replaces what was there")
    expect.true(snapshot.task.ended_at is None, "a task can lose its end")
    kept = (snapshot.task.priority, snapshot.task.epoch, snapshot.task.context)
    expect.equal(kept, (3, 1, record.context), "the rest of a task stays")
    await recorded(store, [append("t1", 3, steps=(step("a"),))])
    after = await found(store, "t1")
    expect.equal(after.task, snapshot.task, "an append without a change leaves the head")


async def check_a_creation_may_change_its_task(store: Store) -> None:
    """The first append may carry a head too; it holds."""
    head = change(wake_at=5.0, owner="node-a", started_at=START)
    await recorded(store, [creation(task("t1"), task=head)])
    made = (await found(store, "t1")).task
    expect.equal((made.state, made.owner), ("in_progress", "node-a"), "the change holds")


async def check_a_step_replaces_the_record_of_its_name(store: Store) -> None:
    """Steps are replaced whole; the others of the task stay."""
    first = step("a", results=Raw(b"1"), retry_at=START)
    await recorded(store, [creation(task("t1"), steps=(first, step("b")))])
    await recorded(store, [append("t1", 2, steps=(step("a", StepState.PENDING),))])
    steps = steps_of(await found(store, "t1"))
    expect.equal(steps["a"], step("a", StepState.PENDING), "a step is replaced whole")
    expect.equal(steps["b"], step("b"), "other steps stay")


async def check_one_batch_may_hold_many_appends_of_a_task(store: Store) -> None:
    """A batch means what its appends would mean one after the other."""
    await recorded(
        store,
        [
            creation(task("t1"), steps=(step("a"),)),
            append("t1", 2, task=change(owner="x"), steps=(step("a", StepState.ERROR),)),
            creation(task("t2")),
            append(
                "t1",
                3,
                task=change(TaskState.COMPLETE),
                steps=(step("a", StepState.COMPLETE),),
                transitions=(moved("a", "in_progress", "complete"),),
            ),
        ],
    )
    snapshot = await found(store, "t1")
    expect.equal(snapshot.seq, 3, "every append of the batch counts")
    expect.equal(snapshot.task.state, TaskState.COMPLETE, "the last head holds")
    expect.equal(steps_of(snapshot)["a"].state, StepState.COMPLETE, "the last record holds")
    history = await store.history("t1")
    expect.equal([row.seq for row in history], [1, 3], "the history has the transitions of all")


async def check_a_batch_of_hundreds_is_recorded(store: Store) -> None:
    """A batch has no practical limit."""
    ids = [f"t{number:04}" for number in range(600)]
    await recorded(store, [creation(task(task_id), steps=(step("a"),)) for task_id in ids])
    await recorded(store, [append(task_id, 2, steps=(step("b"),)) for task_id in ids])
    counted = await store.count_tasks(TaskFilter())
    expect.equal(counted, {TaskState.PENDING: 600}, "every append of a large batch is recorded")
    expect.equal(len((await found(store, "t0599")).steps), 2, "with its steps")


async def check_annotation_types_are_created(store: Store) -> None:
    """An annotation's type that is not known is created."""
    await recorded(store, [creation(task("t1"), annotations=(note("audit"), note("audit")))])
    names = [kind.name for kind in await store.annotation_types()]
    expect.equal(names, ["audit"], "an unknown annotation type is created once")


async def check_namespaces_are_created(store: Store) -> None:
    """The namespace of a created task is created when absent."""
    await recorded(store, [creation(task("t1", namespace="shop"), at=START + 1)])
    await recorded(store, [creation(task("t2", namespace="shop"), at=START + 9)])
    made = [(record.name, record.created_at) for record in await store.namespaces()]
    expect.equal(made, [("shop", START + 1)], "a task's namespace is created on first use")


async def check_probe_leaves_nothing_to_see(store: Store) -> None:
    """A probe of a working store returns, again and again."""
    await store.probe()
    await store.probe()
    expect.equal(await store.count_tasks(TaskFilter()), {}, "a probe makes no task")
