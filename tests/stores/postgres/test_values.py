"""What PostgreSQL cannot hold is refused by itself; what it must not look into is kept."""

import pytest
from msgspec import Raw

from tasker.stores import EncodingError
from tasker.stores.contract.records import (
    append,
    creation,
    found,
    moved,
    note,
    recorded,
    step,
    task,
)
from tasker.stores.records import ErrorRecord, StepState, TaskFilter


@pytest.mark.parametrize(
    "fields",
    [{"reason": "a\0b"}, {"tags": ("a\0b",)}, {"reason": "\ud800"}, {"priority": 2**63}],
    ids=["nul", "nul in a tag", "surrogate", "large"],
)
async def test_one_value_does_not_fail_the_others(connect, fields):
    store = await connect()
    outcomes = await store.commit(
        [creation(task("t1")), creation(task("t2", **fields)), creation(task("t3"))]
    )
    assert (outcomes[0], outcomes[2]) == (None, None)
    assert isinstance(outcomes[1], EncodingError)
    assert "t2" in str(outcomes[1])
    assert await store.get_task("t2") is None
    assert await store.count_tasks(TaskFilter()) == {"pending": 2}


async def test_json_may_hold_the_character_that_text_cannot(connect):
    store = await connect()
    nul = Raw(b'{"text":"a\\u0000b","key":"v"}')
    failed = ErrorRecord(error_class="Odd", message="a\0b", context=nul)
    detail = Raw(b'{"error_class":"Odd","message":"a\\u0000b"}')
    await recorded(store, [creation(task("t1", context=nul), annotations=(note("n", bytes(nul)),))])
    await recorded(
        store,
        [
            append(
                "t1",
                2,
                steps=(step("a", StepState.ERROR, error=failed, inputs=nul, results=nul),),
                transitions=(moved("a", "in_progress", "error", attempt=1, detail=detail),),
            )
        ],
    )
    snapshot = await found(store, "t1")
    assert snapshot.task.context == nul
    assert (snapshot.steps[0].error, snapshot.steps[0].results) == (failed, nul)
    page = await store.list_tasks(TaskFilter(annotation=("n", "key", "v")))
    assert [each.task_id for each in page.tasks] == ["t1"]
    (times,) = (await store.task_times(TaskFilter())).tasks
    assert [each.error_class for each in times.failures] == ["Odd"]


async def test_what_nobody_can_have_written_is_not_asked_for(connect):
    store = await connect()
    with pytest.raises(EncodingError):
        await store.get_task("a\0b")
    assert await store.get_task("t1") is None
