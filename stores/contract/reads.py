"""Checks of `TaskReader`."""

from __future__ import annotations

from msgspec import Raw
from msgspec.structs import asdict

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
from tasker.stores.records import TaskFilter, TaskState, TaskSummary


async def _ids(store: Store, where: TaskFilter) -> list[str]:
    page = await store.list_tasks(where)
    return [summary.task_id for summary in page.tasks]


async def check_an_unknown_task_is_none(store: Store) -> None:
    """A task that is not there has no snapshot, history or annotations."""
    expect.true(await store.get_task("nowhere") is None, "an unknown task is None")
    expect.equal(await store.history("nowhere"), [], "it has no history")
    expect.equal(await store.annotations("nowhere"), [], "it has no annotations")


async def check_a_commit_is_seen_by_the_next_read(store: Store) -> None:
    """Whatever a commit acknowledged is seen by every kind of read."""
    await recorded(store, [creation(task("t1"))])
    for seq in range(2, 30):
        noted = append(
            "t1",
            seq,
            task=change(wake_at=float(seq)),
            transitions=(moved(None, None, "pending"),),
            annotations=(note("audit"),),
        )
        await recorded(store, [noted])
        snapshot = await store.get_task("t1")
        expect.true(snapshot is not None and snapshot.seq == seq, "get_task sees the last commit")
        expect.equal(len(await store.history("t1")), seq, "history sees the last commit")
        expect.equal(len(await store.annotations("t1")), seq - 1, "so do annotations")
        expect.equal(await store.next_wake_at(), float(seq), "so do timers")


async def check_many_tasks_with_one_read(store: Store) -> None:
    """Of the tasks asked for those that there are, each once and whole."""
    await recorded(
        store,
        [
            creation(task("t1"), steps=(step("a"), step("b"))),
            creation(task("t2"), steps=(step("a"),)),
            creation(task("t3")),
        ],
    )
    found = await store.get_tasks(["t2", "nowhere", "t1", "t2"])
    by_id = {snapshot.task.task_id: snapshot for snapshot in found}
    expect.equal(len(found), 2, "each task once, and no more than there are")
    for task_id in ("t1", "t2"):
        alone = await store.get_task(task_id)
        many = by_id[task_id]
        expect.true(alone is not None, "it is there")
        if alone is not None:
            expect.equal((many.task, many.seq), (alone.task, alone.seq), "it is the same task")
            names = sorted(each.name for each in many.steps)
            expect.equal(names, sorted(each.name for each in alone.steps), "with its own steps")
    expect.equal(await store.get_tasks([]), [], "nothing asked for, nothing found")


async def check_annotations_of_many_tasks(store: Store) -> None:
    """By task, in order of being written; a task without any is left out."""
    notes = [note(kind, b'{"n":%d}' % n, at=START + n) for n, kind in enumerate("bacab")]
    await recorded(store, [creation(task(each)) for each in ("t1", "t2", "t3")])
    await recorded(store, [append("t1", 2, annotations=tuple(notes[:3]))])
    await recorded(store, [append("t2", 2, annotations=(notes[4],))])
    await recorded(store, [append("t1", 3, annotations=tuple(notes[3:]))])
    found = await store.annotations_of(["t3", "t2", "nowhere", "t1", "t2"])
    expect.equal(found, {"t1": notes, "t2": [notes[4]]}, "annotations by task, in order")
    expect.equal(await store.annotations_of([]), {}, "nothing asked for, nothing found")


async def check_a_list_is_newest_first(store: Store) -> None:
    """A page is by descending task id, whatever the order of commits."""
    await recorded(store, [creation(task(task_id)) for task_id in ("t2", "t9", "t1", "t5")])
    page = await store.list_tasks(TaskFilter())
    ids = [summary.task_id for summary in page.tasks]
    expect.equal(ids, ["t9", "t5", "t2", "t1"], "a list is by descending task id")
    expect.true(page.next_cursor is None, "the last page has no cursor")


async def check_a_list_shows_summaries(store: Store) -> None:
    """A list shows all of a task but context, overrides and trace context."""
    record = task(
        "t1",
        priority=4,
        tags=("a", "b"),
        identity="one",
        correlation_id="request-7",
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        wake_at=None,
    )
    await recorded(store, [creation(record)])
    (summary,) = (await store.list_tasks(TaskFilter())).tasks
    whole = asdict(record)
    expect.equal(
        summary,
        TaskSummary(**{name: whole[name] for name in TaskSummary.__struct_fields__}),
        "a list shows the summary of a task",
    )


async def check_pages_are_stable(store: Store) -> None:
    """Every task is seen exactly once, although tasks are added between pages."""
    ids = [f"t{number:02}" for number in range(10, 21)]
    await recorded(store, [creation(task(task_id)) for task_id in ids])
    seen: list[str] = []
    cursor = None
    for turn in range(10):
        page = await store.list_tasks(TaskFilter(), cursor=cursor, limit=3)
        expect.true(len(page.tasks) <= 3, "a page has at most limit tasks")
        seen += [summary.task_id for summary in page.tasks]
        cursor = page.next_cursor
        if cursor is None:
            break
        newer, older = creation(task(f"t3{turn}")), creation(task(f"t0{turn}"))
        await recorded(store, [newer, older])
    original = [task_id for task_id in seen if task_id in ids]
    expect.equal(original, ids[::-1], "every task of the first call is on one page, once")
    expect.equal(len(seen), len(set(seen)), "no task is on two pages")


async def check_a_full_last_page_has_no_cursor(store: Store) -> None:
    """There is no empty page behind the last one."""
    await recorded(store, [creation(task(f"t{number}")) for number in range(4)])
    first = await store.list_tasks(TaskFilter(), limit=2)
    expect.true(first.next_cursor is not None, "a page before the last has a cursor")
    second = await store.list_tasks(TaskFilter(), limit=2, cursor=first.next_cursor)
    expect.equal(len(second.tasks), 2, "the second page is full")
    expect.true(second.next_cursor is None, "a full last page has no cursor")
    empty = await store.list_tasks(TaskFilter(name="nothing"))
    expect.equal((empty.tasks, empty.next_cursor), ((), None), "no match: an empty last page")


async def check_pages_are_of_what_matches(store: Store) -> None:
    """Limit and cursor count matching tasks alone."""
    mixed = [task(f"t{number}", name="odd" if number % 2 else "even") for number in range(9)]
    await recorded(store, [creation(record) for record in mixed])
    first = await store.list_tasks(TaskFilter(name="odd"), limit=3)
    ids = [summary.task_id for summary in first.tasks]
    expect.equal(ids, ["t7", "t5", "t3"], "a page is of matching tasks")
    second = await store.list_tasks(TaskFilter(name="odd"), limit=3, cursor=first.next_cursor)
    expect.equal([summary.task_id for summary in second.tasks], ["t1"], "so is the next one")
    expect.true(second.next_cursor is None, "and it is the last")


async def check_filters_by_field(store: Store) -> None:
    """Namespace, name, version, initiator and states; all that are given must hold."""
    await recorded(
        store,
        [
            creation(task("t1", namespace="shop")),
            creation(task("t2", namespace="shop", name="refund")),
            creation(task("t3", version="2.0.0", state=TaskState.ERROR)),
            creation(task("t4", state=TaskState.COMPLETE, initiator="ann")),
        ],
    )
    cases = [
        (TaskFilter(initiator="ann"), ["t4"]),
        (TaskFilter(initiator="Ann"), []),
        (TaskFilter(initiator=""), []),
        (TaskFilter(initiator="ann", namespace="shop"), []),
        (TaskFilter(namespace="shop"), ["t2", "t1"]),
        (TaskFilter(namespace="shop", name="refund"), ["t2"]),
        (TaskFilter(namespace="SHOP"), []),
        (TaskFilter(version="2.0.0"), ["t3"]),
        (TaskFilter(states=(TaskState.ERROR, TaskState.COMPLETE)), ["t4", "t3"]),
        (TaskFilter(states=(TaskState.PAUSED,)), []),
        (TaskFilter(namespace="default", states=(TaskState.ERROR,)), ["t3"]),
    ]
    for where, wanted in cases:
        expect.equal(await _ids(store, where), wanted, f"{where} lists what matches")
        counted = sum((await store.count_tasks(where)).values())
        expect.equal(counted, len(wanted), f"{where} counts what matches")


async def check_filters_by_tags(store: Store) -> None:
    """A task must have all of the tags, as they are written."""
    await recorded(
        store,
        [
            creation(task("t1", tags=("red", "big"))),
            creation(task("t2", tags=("big", 'a"b', "ü"))),
            creation(task("t3")),
        ],
    )
    for tags, wanted in [
        (("big",), ["t2", "t1"]),
        (("big", "red"), ["t1"]),
        (('a"b', "ü"), ["t2"]),
        (("bi",), []),
        ((), ["t3", "t2", "t1"]),
    ]:
        expect.equal(await _ids(store, TaskFilter(tags=tags)), wanted, f"tags {tags} are all of")


async def check_filters_by_creation(store: Store) -> None:
    """``created_from`` is inclusive, ``created_until`` exclusive."""
    await recorded(store, [creation(task(f"t{n}", at=START + n)) for n in range(4)])
    where = TaskFilter(created_from=START + 1, created_until=START + 3)
    expect.equal(await _ids(store, where), ["t2", "t1"], "from is inclusive, until exclusive")


async def check_filters_by_annotation(store: Store) -> None:
    """An annotation's top-level value is compared as text."""
    await recorded(
        store,
        [
            creation(
                task("t1"),
                annotations=(
                    note("audit", b'{"by":"ann","count":3,"ok":true,"rate":1.50,"deep":{"a":1}}'),
                    note("other", b'{"by":"bob","a.b":"dot","q\\"":"quote","none":null}'),
                ),
            ),
            creation(task("t2"), annotations=(note("audit", b'{"by":"bob"}'),)),
        ],
    )
    for wanted_annotation, wanted in [
        (("audit", "by", "ann"), ["t1"]),
        (("audit", "by", "bob"), ["t2"]),
        (("other", "by", "bob"), ["t1"]),
        (("audit", "count", "3"), ["t1"]),
        (("audit", "ok", "true"), ["t1"]),
        (("audit", "rate", "1.50"), ["t1"]),
        (("audit", "a", "1"), []),
        (("other", "a.b", "dot"), ["t1"]),
        (("other", 'q"', "quote"), ["t1"]),
        (("other", "none", "null"), []),
        (("missing", "by", "ann"), []),
    ]:
        where = TaskFilter(annotation=wanted_annotation)
        expect.equal(await _ids(store, where), wanted, f"annotation {wanted_annotation}")


async def check_history_is_in_order(store: Store) -> None:
    """Transitions come back whole, in order of happening, within an append too."""
    first = (moved(None, None, "pending"), moved("a", None, "in_progress", attempt=1))
    await recorded(store, [creation(task("t1"), transitions=first, at=START)])
    second = tuple(
        moved(f"s{n}", "pending", "in_progress", attempt=n, detail=Raw(b'{"n":%d}' % n))
        for n in (3, 1, 2)
    )
    await recorded(store, [append("t1", 2, at=START + 1, transitions=second)])
    history = await store.history("t1")
    wanted = [
        {"seq": seq, "at": START + seq - 1, **asdict(transition)}
        for seq, transitions in ((1, first), (2, second))
        for transition in transitions
    ]
    expect.equal([asdict(row) for row in history], wanted, "history is what happened, in order")


async def check_history_in_portions(store: Store) -> None:
    """``after_seq`` is exclusive; ``limit`` counts appends, not transitions."""
    twice = (moved("a", "pending", "in_progress"), moved("b", "pending", "in_progress"))
    await recorded(store, [creation(task("t1"), transitions=twice)])
    await recorded(store, [append("t1", seq, transitions=twice) for seq in range(2, 7)])
    portion = await store.history("t1", after_seq=2, limit=2)
    expect.equal([row.seq for row in portion], [3, 3, 4, 4], "appends after a seq, at most limit")
    expect.equal(await store.history("t1", after_seq=6), [], "nothing after the newest")
    await recorded(store, [creation(task("t2"))])
    expect.equal(len(await store.history("t2")), 1, "a task's history is its own")


async def check_annotations_are_in_order(store: Store) -> None:
    """Annotations come back in order of being written."""
    notes = [note(kind, b'{"n":%d}' % n, at=START + n) for n, kind in enumerate("bacab")]
    await recorded(store, [creation(task("t1"), annotations=tuple(notes[:3]))])
    await recorded(store, [append("t1", 2, annotations=tuple(notes[3:]))])
    expect.equal(await store.annotations("t1"), notes, "annotations are in order of writing")


async def check_a_task_without_steps_has_none(store: Store) -> None:
    """A snapshot has the steps that have a record, of this task alone."""
    await recorded(store, [creation(task("t1")), creation(task("t10"), steps=(step("a"),))])
    snapshot = await store.get_task("t1")
    expect.true(snapshot is not None and snapshot.steps == (), "no record, no step")
