"""Hooks of the task as a whole: what it runs, in which order, and what it notes."""

import pytest

from tasker import EngineConfig, TaskHandler, define
from tasker.errors import DefinitionError, HandlerError
from tasker.testing import run_task, testing_engine
from tests.engine.support import request

ORDER: list[str] = []


class Checkout(TaskHandler):
    def establish_step_dependencies_and_defaults(self, task, steps):
        settings = {step.name: step for step in steps}
        if task.context.get("gift"):
            settings["ship"].depends_on = ["charge", "wrap"]
            settings["ship"].retry_limit = 1
            settings["wrap"].inputs = {"paper": "red"}
        if task.context.get("cycle"):
            settings["charge"].depends_on = ["ship"]
        if task.context.get("shrink"):
            steps.pop()

    def update_annotations(self, task, sequence, steps):
        task.annotate("summary", {"steps": [step.name for step in steps]})
        if task.context.get("note_badly"):
            raise ValueError("no note")
        return [("outcome", {step.name: step.state for step in steps})]


class Ordered(TaskHandler):
    def order_ready_steps(self, task, ready):
        if task.context.get("badly"):
            raise ValueError("no order")
        return sorted(ready, key=lambda step: step.name, reverse=True)


def checkout():
    definition = define("work", task_handler=Checkout)

    @definition.step
    async def charge():
        return 1

    @definition.step
    async def wrap(step):
        return step.inputs

    @definition.step
    async def ship(charge, step):
        if step.task_id and step.attempt == 1:
            raise ValueError("first time")
        return "shipped"

    return definition


def ordered():
    definition = define("work", task_handler=Ordered, max_concurrent_steps=1)

    async def step(step):
        ORDER.append(step.name)

    for name in "bdac":
        definition.add_step(name, step)
    return definition


async def test_settings_are_established_for_one_task_alone():
    async with testing_engine(checkout()) as engine:
        gift = await engine.run(request(context={"gift": True}))
        plain = await engine.run(request())
        assert gift.step("ship").depends_on == ("charge", "wrap")
        assert (gift.state, gift.step("ship").attempts) == ("error", 1)
        assert gift.results["wrap"] == {"paper": "red"}
        assert plain.step("ship").depends_on == ("charge",)
        assert (plain.state, plain.results["ship"]) == ("complete", "shipped")
        assert plain.results["wrap"] == {}


@pytest.mark.parametrize(
    ("context", "error", "words"),
    [
        ({"cycle": True}, DefinitionError, "cycle"),
        ({"shrink": True}, HandlerError, "not add, remove or rename"),
    ],
)
async def test_what_cannot_be_established_is_refused(context, error, words):
    async with testing_engine(checkout()) as engine:
        with pytest.raises(error, match=words):
            await engine.submit(request(context=context))
        assert await engine.count_tasks() == {}


async def test_annotations_are_noted_as_the_task_ends():
    async with testing_engine(checkout()) as engine:
        task = await engine.run(request())
        notes = {note.type: note.annotation for note in await engine.annotations(task.task_id)}
        assert notes["summary"] == {"steps": ["charge", "wrap", "ship"]}
        assert notes["outcome"]["ship"] == "complete"


async def test_a_hook_that_raises_does_not_hurt_the_task():
    async with testing_engine(checkout()) as engine:
        task = await engine.run(request(context={"note_badly": True}))
        assert task.state == "complete"
        (note,) = await engine.annotations(task.task_id)
        assert note.type == "tasker.hook_failed"
        assert note.annotation["message"] == "no note"


async def test_ready_steps_start_in_the_order_of_the_hook():
    ORDER.clear()
    assert (await run_task(ordered())).state == "complete"
    assert ORDER == ["d", "c", "b", "a"]


async def test_an_order_that_cannot_be_had_is_that_of_the_definition():
    ORDER.clear()
    config = EngineConfig(shutdown_seconds=0)
    task = await run_task(ordered(), context={"badly": True}, config=config)
    assert task.state == "complete"
    assert ORDER == ["b", "d", "a", "c"]
