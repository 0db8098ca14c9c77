"""Submit, wait, get, list: what is asked for is what is kept, and what is wrong is refused."""

from datetime import UTC, datetime, timedelta

import anyio
import pytest

from tasker import Engine, EngineConfig, TaskQuery, define
from tasker.errors import (
    BypassError,
    ContextValidationError,
    EncodingError,
    EngineClosedError,
    InvalidRequestError,
    SizeLimitError,
    TaskFailedError,
    UnknownDefinitionError,
    UnknownTaskError,
)
from tasker.testing import run_task, testing_engine
from tasker.testing.clock import START
from tests.engine.support import Gate, one_step, request

SCHEMA = {
    "type": "object",
    "required": ["order"],
    "properties": {
        "order": {"type": "integer"},
        "currency": {"type": "string", "default": "EUR"},
        "options": {
            "type": "object",
            "default": {},
            "properties": {"gift": {"type": "boolean", "default": False}},
        },
    },
}


def skippable():
    definition = define("work")

    @definition.step
    async def first():
        return 1

    @definition.step(skippable=True)
    async def check(first):
        raise ValueError("never to be run")

    @definition.step
    async def last(check, first):
        return {"check": check, "first": first}

    return definition


async def test_a_task_keeps_what_was_asked_for():
    asked_at = datetime(2023, 5, 6, 7, 8, 9, tzinfo=UTC)
    task = await run_task(
        one_step(),
        context={"order": 1},
        initiator="ann",
        source_system="shop",
        reason="sale",
        tags=["a", "b"],
        requested_at=asked_at,
        priority=7,
    )
    assert (task.initiator, task.source_system, task.reason) == ("ann", "shop", "sale")
    assert (task.tags, task.requested_at, task.priority) == (("a", "b"), asked_at, 7)
    assert task.context == {"order": 1}
    assert task.created_at == datetime.fromtimestamp(START, UTC)
    assert (task.state, task.results) == ("complete", {"step": {"order": 1}})
    assert task.status.completion_percentage == 100.0


async def test_waiting_for_a_task_that_has_ended_returns_at_once():
    async with testing_engine(one_step()) as engine:
        task = await engine.run(request())
        assert await engine.wait(task.task_id) == task
        assert await engine.get(task.task_id) == task


async def test_many_wait_for_one_task():
    gate = Gate()
    async with testing_engine(gate.definition()) as engine:
        task_id = await engine.submit(request())
        states = []

        async def wait():
            states.append((await engine.wait(task_id)).state)

        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(wait)
            await gate.until(entered=1)
            gate.open()
        assert states == ["complete"] * 5


async def test_a_wait_that_is_given_up_leaves_the_task_alone():
    gate = Gate()
    async with testing_engine(gate.definition()) as engine:
        task_id = await engine.submit(request())
        await gate.until(entered=1)
        with pytest.raises(TimeoutError):
            await engine.wait(task_id, timeout_seconds=0.01)
        gate.open()
        assert (await engine.wait(task_id)).state == "complete"


async def test_a_failed_task_says_why():
    async def step():
        raise ValueError("no stock")

    task = await run_task(one_step(handler=step, retry_limit=1))
    assert task.errors["step"].error_class == "ValueError"
    with pytest.raises(TaskFailedError, match="no stock") as caught:
        task.raise_for_state()
    assert caught.value.errors == {"step": "no stock"}


async def test_history_tells_every_transition():
    async with testing_engine(skippable()) as engine:
        task = await engine.run(request(bypass_steps=["check"]))
        told = [
            (entry.step, entry.from_state, entry.to_state)
            for entry in await engine.history(task.task_id)
        ]
        assert told == [
            (None, None, "pending"),
            (None, "pending", "in_progress"),
            ("check", "pending", "resolved_manually"),
            ("first", "pending", "in_progress"),
            ("first", "in_progress", "complete"),
            ("last", "pending", "in_progress"),
            ("last", "in_progress", "complete"),
            (None, "in_progress", "complete"),
        ]


async def test_a_bypassed_step_does_not_run():
    task = await run_task(skippable(), bypass_steps=["check"])
    assert task.state == "complete"
    assert task.step("check").attempts == 0
    assert task.results["last"] == {"check": None, "first": 1}


@pytest.mark.parametrize(("step", "reason"), [("first", "not skippable"), ("lost", "no such step")])
async def test_other_steps_may_not_be_bypassed(step, reason):
    async with testing_engine(skippable()) as engine:
        with pytest.raises(BypassError, match=reason):
            await engine.submit(request(bypass_steps=[step]))
        assert await engine.count_tasks() == {}


async def test_defaults_of_the_schema_reach_the_handler():
    definition = define("work", schema=SCHEMA)

    @definition.step
    async def step(task):
        return task.context

    task = await run_task(definition, context={"order": 3})
    filled = {"order": 3, "currency": "EUR", "options": {"gift": False}}
    assert task.results["step"] == filled
    assert task.context == filled


async def test_a_context_that_does_not_fit_names_every_violation():
    definition = define("work", schema=SCHEMA)

    @definition.step
    async def step():
        pass

    async with testing_engine(definition) as engine:
        with pytest.raises(ContextValidationError) as caught:
            await engine.submit(request(context={"order": "x", "currency": 3}))
        assert {path for path, _ in caught.value.violations} == {"/order", "/currency"}
        assert await engine.count_tasks() == {}


async def test_a_context_that_is_too_large_or_cannot_be_kept():
    config = EngineConfig(max_context_bytes=100)
    async with testing_engine(one_step(), config=config) as engine:
        with pytest.raises(SizeLimitError, match=r"context of default\.work@0\.1\.0.*limit of 100"):
            await engine.submit(request(context={"text": "x" * 100}))
        with pytest.raises(EncodingError, match=r"items\[1\]\.price.*complex"):
            await engine.submit(request(context={"items": [{}, {"price": 1j}]}))
        assert await engine.count_tasks() == {}


async def test_a_result_that_is_too_large_fails_the_step():
    async def step():
        return "x" * 101

    config = EngineConfig(max_result_bytes=100)
    task = await run_task(one_step(handler=step), config=config)
    assert task.state == "error"
    assert "result of step step is 103 bytes" in task.errors["step"].message


async def test_a_result_that_cannot_be_stored_names_the_key():
    async def step():
        return {"rows": [1, {"handle": object()}]}

    task = await run_task(one_step(handler=step))
    assert task.state == "error"
    assert "rows[1].handle" in task.errors["step"].message
    assert task.errors["step"].permanent
    assert task.step("step").attempts == 1


async def test_what_is_unknown_is_named():
    async with testing_engine(one_step()) as engine:
        with pytest.raises(UnknownDefinitionError, match=r"default\.work"):
            await engine.submit(request("wrok"))
        with pytest.raises(UnknownDefinitionError, match=r"9\.9\.9"):
            await engine.submit(request(version="9.9.9"))
        for read in (engine.get, engine.wait, engine.history):
            with pytest.raises(UnknownTaskError, match="task-x"):
                await read("task-x")
        with pytest.raises(UnknownTaskError, match="task-x"):
            await engine.annotations("task-x")
        with pytest.raises(UnknownTaskError, match="task-x"):
            await engine.cancel("task-x")


async def test_a_closed_engine_takes_nothing():
    async with testing_engine(one_step()) as engine:
        pass
    with pytest.raises(EngineClosedError, match="submit a task"):
        await engine.submit(request())
    with pytest.raises(EngineClosedError, match="operate on a task"):
        await engine.cancel("task-x")
    assert engine.health().trouble == "the engine is not open"


async def test_lists_are_newest_first_in_stable_pages():
    async with testing_engine(one_step()) as engine:
        ids = [(await engine.run(request(context={"n": n}))).task_id for n in range(25)]
        page = await engine.list_tasks(limit=10)
        seen = [task.task_id for task in page.tasks]
        while page.next_cursor is not None:
            await engine.run(request())  # what is added meanwhile changes nothing
            page = await engine.list_tasks(cursor=page.next_cursor, limit=10)
            seen += [task.task_id for task in page.tasks]
        assert seen == list(reversed(ids))


async def test_lists_are_filtered():
    async def fail():
        raise ValueError("no")

    definitions = [one_step("good"), one_step("bad", fail, retry_limit=1)]
    async with testing_engine(definitions) as engine:
        good = await engine.run(request("good", tags=["red", "big"]))
        await engine.clock.advance(60)
        bad = await engine.run(request("bad", tags=["red"], initiator="ann"))
        await engine.annotate(bad.task_id, "ticket", {"id": "T-1"})

        async def found(**where):
            page = await engine.list_tasks(TaskQuery(**where))
            return [task.task_id for task in page.tasks]

        later = good.created_at + timedelta(seconds=30)
        assert await found(name="good") == [good.task_id]
        assert await found(states=["error"]) == [bad.task_id]
        assert await found(states=["error", "complete"]) == [bad.task_id, good.task_id]
        assert await found(tags=["red"]) == [bad.task_id, good.task_id]
        assert await found(tags=["red", "big"]) == [good.task_id]
        assert await found(created_from=later) == [bad.task_id]
        assert await found(created_until=later) == [good.task_id]
        assert await found(annotation=("ticket", "id", "T-1")) == [bad.task_id]
        assert await found(initiator="ann") == [bad.task_id]
        assert await found(initiator="ann", name="good") == []
        assert await found(namespace="elsewhere") == []
        assert await engine.count_tasks() == {"complete": 1, "error": 1}
        assert await engine.count_tasks(TaskQuery(name="bad")) == {"error": 1}


async def test_a_list_that_cannot_be_is_refused():
    async with testing_engine(one_step()) as engine:
        with pytest.raises(InvalidRequestError, match="in_progress"):
            await engine.list_tasks(TaskQuery(states=["done"]))
        with pytest.raises(InvalidRequestError, match="1000"):
            await engine.list_tasks(limit=1001)


async def test_annotations_are_kept_in_order():
    async with testing_engine(one_step()) as engine:
        task = await engine.run(request())
        await engine.annotate(task.task_id, "note", {"n": 1})
        await engine.clock.advance(1)
        await engine.annotate(task.task_id, "ticket", {"id": 7})
        kept = await engine.annotations(task.task_id)
        assert [(note.type, note.annotation) for note in kept] == [
            ("note", {"n": 1}),
            ("ticket", {"id": 7}),
        ]
        assert kept[1].at - kept[0].at == timedelta(seconds=1)
        assert [kind.name for kind in await engine.catalog.annotation_types()] == ["note", "ticket"]
        assert (await engine.get(task.task_id)).state == "complete"


async def test_an_error_of_the_caller_comes_out_as_it_is():
    from tasker import Engine

    async def caller():
        async with Engine.open("memory://", definitions=one_step()) as engine:
            await engine.submit(request())
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        await caller()


@pytest.mark.parametrize("given", ["work", {"name": "work"}, None])
async def test_what_is_no_request_is_refused(given):
    async with Engine.open("memory://", definitions=one_step()) as engine:
        with pytest.raises(InvalidRequestError, match="give a TaskRequest"):
            await engine.submit(given)
