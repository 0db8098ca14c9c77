"""Checks of `StatisticsReader`."""

from __future__ import annotations

from typing import Any

from msgspec import Raw

from tasker.stores.contract import expect
from tasker.stores.contract.records import (
    START,
    append,
    change,
    creation,
    moved,
    note,
    recorded,
    step,
    task,
)
from tasker.stores.protocols import Store
from tasker.stores.records import ErrorRecord, StepState, TaskFilter, TaskState
from tasker.stores.times import STEPS_A_TASK, FailureTimes, StepTimes, TaskTimes

_EVERY = TaskFilter()
_ERROR = ErrorRecord(error_class="shop.Busy", message="busy")


def _us(seconds: float) -> int:
    return int(START) * 1_000_000 + round(seconds * 1e6)


async def _times(store: Store, where: TaskFilter = _EVERY, **asked: Any) -> list[TaskTimes]:
    """Follow the cursor to the end; the number of pages is bounded, as the cursor may be wrong."""
    found: list[TaskTimes] = []
    cursor = asked.pop("after", "")
    for _ in range(1_000):
        page = await store.task_times(where, after=cursor, **asked)
        found += page.tasks
        if page.next_cursor is None:
            return found
        expect.true(page.next_cursor > cursor, "a cursor leads on")
        cursor = page.next_cursor
    raise expect.BrokenPromiseError("the pages come to an end")


async def _ids(store: Store, where: TaskFilter = _EVERY, **asked: Any) -> list[str]:
    return [each.task_id for each in await _times(store, where, **asked)]


async def check_times_are_those_recorded(store: Store) -> None:
    """A task comes with its instants, and those of the steps that have a record."""
    record = task("t1", namespace='sh"op', state=TaskState.ERROR, started_at=START + 1.5)
    steps = (
        step("a", StepState.COMPLETE, ready_at=START + 2, started_at=START + 3, ended_at=START + 4),
        step("b", StepState.PENDING, attempts=0),
    )
    await recorded(store, [creation(record, steps=steps)])
    await recorded(store, [append("t1", 2, task=change(TaskState.ERROR, ended_at=START + 9.25))])
    (found,) = await _times(store)
    expect.equal(
        {step.name: step for step in found.steps},
        {
            "a": StepTimes("a", StepState.COMPLETE, 1, _us(2), _us(3), _us(4)),
            "b": StepTimes("b", StepState.PENDING, 0, None, None, None),
        },
        "every step that has a record, with its instants",
    )
    wanted = TaskTimes(
        task_id="t1",
        namespace='sh"op',
        name="order",
        version="0.1.0",
        definition_hash="hash-of-order",
        state=TaskState.ERROR,
        created_us=_us(0),
        started_us=None,
        ended_us=_us(9.25),
        steps=found.steps,
        failures=(),
    )
    expect.equal(found, wanted, "a task with its instants, as it stands now")


async def check_times_are_seen_by_the_next_page(store: Store) -> None:
    """Whatever a commit acknowledged is seen by the next page."""
    await recorded(store, [creation(task("t1"))])
    for seq in range(2, 20):
        changed = change(started_at=START + seq)
        await recorded(store, [append("t1", seq, task=changed, steps=(step(f"s{seq}"),))])
        (found,) = await _times(store)
        expect.equal(found.started_us, _us(seq), "the head of the last commit")
        expect.equal(len(found.steps), seq - 1, "the steps of all commits")


async def check_instants_are_whole_microseconds(store: Store) -> None:
    """Instants are rounded to whole microseconds, halves upwards."""
    # Between two microseconds there are three floats of this size.
    cases = [(START + n / 2**22, n) for n in range(1, 60)]
    await recorded(store, [creation(task(f"t{n:02}", at=at)) for at, n in cases])
    found = await _times(store)
    wanted = [int(at * 1e6 + 0.5) for at, _ in cases]
    expect.equal([each.created_us for each in found], wanted, "rounded to microseconds")
    expect.true(all(isinstance(each.created_us, int) for each in found), "as whole numbers")


async def check_failures_are_those_of_the_history(store: Store) -> None:
    """Every transition of a step to error, with what its detail says, in order."""
    failed = moved(
        "a",
        "in_progress",
        "error",
        attempt=1,
        detail=Raw(b'{"error_class":"shop.Busy","message":"x","retry_at":1.5}'),
    )
    again = moved(
        "a",
        "in_progress",
        "error",
        attempt=2,
        detail=Raw(b'{"error_class":"shop.Gone","permanent":true}'),
    )
    unknown = moved("b", "in_progress", "error")
    own = moved(None, "in_progress", "error")
    await recorded(
        store,
        [
            creation(task("t1"), transitions=(failed,), steps=(step("a", error=_ERROR),)),
            append("t1", 2, at=START + 2, transitions=(own,)),
            append("t1", 3, at=START + 3, transitions=(again, unknown, own)),
            creation(task("t2"), steps=(step("a"),)),
        ],
    )
    one, two = await _times(store)
    wanted = (
        FailureTimes("a", 1, _us(0), "shop.Busy", False),
        FailureTimes("a", 2, _us(3), "shop.Gone", True),
        FailureTimes("b", None, _us(3), None, False),
    )
    expect.equal(one.failures, wanted, "every failed attempt of a step, in order")
    expect.equal(two.failures, (), "a task without one has none")


async def check_failures_that_were_made_good_are_kept(store: Store) -> None:
    """A step that succeeded at its second attempt still has the failure of its first."""
    failed = moved("a", "in_progress", "error", attempt=1)
    done = step("a", StepState.COMPLETE, attempts=2)
    await recorded(store, [creation(task("t1"), transitions=(failed,), steps=(done,))])
    (found,) = await _times(store)
    expect.equal(len(found.failures), 1, "the failure of a step that was tried again")


async def check_times_of_what_matches(store: Store) -> None:
    """Every field of the filter holds, as in a list."""
    await recorded(
        store,
        [
            creation(task("t1", namespace="shop", tags=("big", "red"))),
            creation(task("t2", name="refund"), annotations=(note("audit", b'{"by":"ann"}'),)),
            creation(task("t3", version="2.0.0", state=TaskState.ERROR, at=START + 1)),
            creation(task("t4", state=TaskState.COMPLETE, at=START + 2, initiator="ann")),
        ],
    )
    cases = [
        (TaskFilter(initiator="ann"), ["t4"]),
        (_EVERY, ["t1", "t2", "t3", "t4"]),
        (TaskFilter(namespace="shop"), ["t1"]),
        (TaskFilter(name="refund"), ["t2"]),
        (TaskFilter(version="2.0.0"), ["t3"]),
        (TaskFilter(states=(TaskState.ERROR, TaskState.COMPLETE)), ["t3", "t4"]),
        (TaskFilter(tags=("red",)), ["t1"]),
        (TaskFilter(annotation=("audit", "by", "ann")), ["t2"]),
        (TaskFilter(created_from=START + 1, created_until=START + 2), ["t3"]),
        (TaskFilter(namespace="nothing"), []),
    ]
    for where, wanted in cases:
        expect.equal(await _ids(store, where), wanted, f"{where} gives what matches")
        small = await _ids(store, where, limit=1)
        expect.equal(small, wanted, f"{where} gives the same page by page")


async def check_times_between_ids(store: Store) -> None:
    """``after`` and ``before`` are both exclusive."""
    await recorded(store, [creation(task(f"t{number}")) for number in range(6)])
    expect.equal(await _ids(store, after="t1"), ["t2", "t3", "t4", "t5"], "after is exclusive")
    expect.equal(await _ids(store, before="t2"), ["t0", "t1"], "before is exclusive")
    for limit in (1, 2, 3, 10):
        found = await _ids(store, after="t1", before="t4", limit=limit)
        expect.equal(found, ["t2", "t3"], "the ids between the two, on pages of any size")


async def check_times_of_every_task_once(store: Store) -> None:
    """Following the cursor gives every task once, ascending, whatever is added."""
    ids = [f"t{number:02}" for number in range(10, 21)]
    await recorded(store, [creation(task(task_id), steps=(step("a"),)) for task_id in ids[::-1]])
    seen: list[str] = []
    cursor = ""
    for turn in range(20):
        page = await store.task_times(_EVERY, after=cursor, limit=3)
        seen += [each.task_id for each in page.tasks]
        if page.next_cursor is None:
            break
        cursor = page.next_cursor
        await recorded(store, [creation(task(f"t0{turn}"))])
    expect.equal(seen, ids, "every task once, by ascending id")


async def check_a_page_of_times_is_bounded(store: Store) -> None:
    """A page looks at ``limit`` tasks, and ends with the task that brings its steps to theirs."""
    many = tuple(step(f"s{number:02}") for number in range(3 * STEPS_A_TASK))
    exact = many[: 2 * STEPS_A_TASK]
    appends = [creation(task("t0"), steps=many[:1]), creation(task("t1"), steps=many)]
    appends += [creation(task(f"t{number}"), steps=exact) for number in range(2, 6)]
    await recorded(store, appends)
    page = await store.task_times(_EVERY, limit=3)
    expect.equal([each.task_id for each in page.tasks], ["t0", "t1"], "steps bound a page")
    page = await store.task_times(_EVERY, after="t1", limit=4)
    expect.equal([each.task_id for each in page.tasks], ["t2", "t3"], "so they do on the next")
    page = await store.task_times(TaskFilter(name="nothing"), limit=2)
    expect.equal((page.tasks, page.next_cursor), ((), "t1"), "tasks that do not match count")
    empty = await store.task_times(_EVERY, after="t9")
    expect.equal((empty.tasks, empty.next_cursor), ((), None), "nothing more: the last page")
