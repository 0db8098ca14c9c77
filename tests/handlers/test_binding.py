"""Binding: every problem at once, plans, overrides, and the task's hooks."""

from typing import Any

import anyio
import msgspec
import pytest

from tasker.actors.workflow.plan import Backoff
from tasker.definitions.definition import Definition, StepDefinition
from tasker.definitions.loaded import LoadedDefinition
from tasker.errors import DefinitionError, HandlerError
from tasker.handlers import StepHandler, Task, TaskHandler
from tasker.handlers.binding import bind
from tasker.handlers.plans import (
    compile_plan,
    decode_overrides,
    encode_overrides,
    upstream_of,
)
from tasker.handlers.runner import HOOK_FAILED
from tasker.handlers.task import establish, overrides_hook
from tests.handlers.support import bound_step, nothing, raw, runner_for, state_of, task_record

HERE = "tests.handlers.test_binding"
NOTHING = "tests.handlers.support:nothing"


def step(name, *depends_on, **settings):
    return StepDefinition(name=name, handler=NOTHING, depends_on=depends_on, **settings)


def diamond(**fields):
    steps = (step("a"), step("b", "a"), step("c", "a"), step("d", "c", "b"))
    return Definition(name="diamond", namespace="shapes", version="1.0.0", steps=steps, **fields)


def test_every_problem_is_told_at_once():
    definition = Definition(
        name="wrong",
        steps=(
            StepDefinition(name="one", handler="no_such_module_here:X"),
            StepDefinition(name="two", handler=f"{HERE}:diamond", depends_on=("one",)),
            StepDefinition(name="three", handler=NOTHING, handler_config={"key": "${NOT_SET}"}),
        ),
        task_handler=f"{HERE}:step",
    )
    with pytest.raises(DefinitionError) as caught:
        bind(definition, source="wrong.yaml", environ={})
    told = {problem.key: problem.message for problem in caught.value.problems}
    assert "no module 'no_such_module_here'" in told["one.handler_class"]
    assert "NOT_SET is not set" in told["three.handler_config"]
    assert "a subclass of tasker.TaskHandler" in told["task_handler_class"]
    assert len(told) == 3
    assert {problem.where for problem in caught.value.problems} == {"wrong.yaml"}


@pytest.mark.parametrize(
    ("handler", "said"),
    [
        (type("Bare", (StepHandler,), {}), "process is not defined"),
        (
            type("H", (StepHandler,), {"process": lambda *a: 1, "handle": lambda *a: 1}),
            "handle belongs to the engine",
        ),
        (
            type(
                "N",
                (),
                {"process": lambda self, a, b, c: 1, "__init__": lambda self, pool: None},
            ),
            "its constructor needs pool",
        ),
        (
            type(
                "E",
                (StepHandler,),
                {"process": lambda *a: 1, "custom_event_configuration": ["order.placed"]},
            ),
            "custom_event_configuration must be a list",
        ),
        (lambda unknown: 1, "parameter 'unknown' of step 'work' is unknown"),
    ],
)
def test_a_handler_that_cannot_run_the_step_is_refused(handler, said):
    handler.__module__ = HERE
    with pytest.raises(DefinitionError, match=said):
        bound_step(handler)


def test_custom_events_of_a_class_are_known():
    class Listed(StepHandler):
        custom_event_configuration = ({"name": "order.placed", "description": "it is"},)

        def process(self, task, sequence, step): ...

    class Called(Listed):
        @classmethod
        def custom_event_configuration(cls):  # type: ignore[override]
            return [{"name": "order.gone"}]

    assert bound_step(Listed).steps["work"].custom_events[0].description == "it is"
    assert bound_step(Called).steps["work"].custom_events[0].name == "order.gone"


def test_configurations_that_were_loaded_are_used():
    definition = Definition(
        name="x",
        steps=(StepDefinition(name="a", handler=NOTHING, handler_config={"key": "${KEY}"}),),
    )
    loaded = LoadedDefinition(
        definition=definition, source="x.yaml:1", configs={"a": {"key": "k-999"}}
    )
    bound = bind(loaded, source=loaded.source, environ={})
    assert bound.steps["a"].config == {"key": "k-999"}
    assert bound.masker.secrets == {"k-999"}
    assert "k-999" not in repr(bound)


# Plans.


def test_a_plan_has_the_graph_as_indexes():
    plan = compile_plan(
        diamond(max_concurrent_steps=2, max_execution_seconds=9), backoff=Backoff(jitter=0)
    )
    assert [each.depends_on for each in plan.steps] == [(), (0,), (0,), (1, 2)]
    assert [each.dependents for each in plan.steps] == [(1, 2), (3,), (3,), ()]
    assert (plan.max_concurrent_steps, plan.max_execution_seconds) == (2, 9)
    assert plan.backoff.jitter == 0
    assert plan.definition_hash == diamond(max_concurrent_steps=2, max_execution_seconds=9).hash


def test_limits_are_shared_by_system_or_are_the_steps_own():
    steps = (
        step("a", dependent_system="bank", max_concurrent_requests=3),
        step("b", dependent_system="bank"),
        step("c", rate_limit_per_second=1.5),
        step("d"),
    )
    plan = compile_plan(Definition(name="x", steps=steps))
    assert [each.limit_key for each in plan.steps] == ["bank", "bank", "default.x@0.1.0/c", None]
    assert (plan.steps[0].concurrency, plan.steps[2].rate) == (3, 1.5)


def test_overrides_change_the_plan_and_survive_being_recorded():
    overrides: dict[str, dict[str, Any]] = {
        "d": {"depends_on": ["a"], "retry_limit": 7, "retryable": False},
        "b": {"timeout_seconds": None, "skippable": True},
    }
    assert decode_overrides(encode_overrides(overrides)) == overrides
    assert encode_overrides({}) is None
    assert decode_overrides(None) == {}
    plan = compile_plan(diamond(), overrides)
    last = plan.steps[3]
    assert (last.depends_on, last.retry_limit, last.retryable) == ((0,), 7, False)
    assert plan.steps[1].skippable
    assert plan.steps[1].dependents == ()


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"x": {}}, "changes a step that does not exist; known: a, b, c, d"),
        ({"a": {"depends_on": ["d"]}}, r"the steps form a cycle: \w -> \w -> \w"),
        ({"a": {"depends_on": ["y"]}}, "a.depends_on: unknown step 'y'"),
        ({"a": {"retry_limit": 0}}, "a.retry_limit: 0 is below 1"),
        ({"a": {"timeout_seconds": -1}}, "a.timeout_seconds: -1.0 is not positive"),
        ({"a": {"retry_limit": "many"}}, "a changed setting cannot be"),
        ({"a": {"colour": "red"}}, "allowed: depends_on, retryable"),
    ],
)
def test_overrides_that_cannot_be_are_refused(overrides, said):
    with pytest.raises(DefinitionError, match=said):
        compile_plan(diamond(), overrides)


def test_upstream_is_all_that_ends_before():
    assert upstream_of(diamond()) == {
        "a": set(),
        "b": {"a"},
        "c": {"a"},
        "d": {"a", "b", "c"},
    }


def test_upstream_of_a_long_chain():
    names = [f"s{i}" for i in range(3000)]
    steps = tuple(step(n, *names[max(i - 1, 0) : i]) for i, n in enumerate(names))
    assert len(upstream_of(Definition(name="x", steps=steps))["s2999"]) == 2999


# Hooks of the task.


class Hooks(TaskHandler):
    def schema(self):
        return {"type": "object", "required": [self.config["required"]]}

    async def establish_step_dependencies_and_defaults(self, task, steps):
        for each in steps:
            if each.name == "d" and task.context["fast"]:
                each.depends_on = ["a"]
                each.retry_limit = 9
                each.inputs = {"only": 1}

    def update_annotations(self, task, sequence, steps):
        task.annotate("summary", {"steps": len(steps), "state": task.state})
        yield "result", {"of_a": sequence.results_of("a")}

    def order_ready_steps(self, task, ready):
        return sorted(ready, key=lambda each: each.name, reverse=True)[:1]


class Failing(TaskHandler):
    def update_annotations(self, task, sequence, steps):
        raise ValueError("no note")

    def order_ready_steps(self, task, ready):
        return ["nobody"]


def bound_hooks(kind):
    definition = diamond(
        task_handler=f"{HERE}:{kind.__name__}", handler_config={"required": "fast"}
    )
    return bind(definition, source="tests", environ={})


def test_the_hooks_of_a_task_are_known_to_its_plan():
    bound = bound_hooks(Hooks)
    assert (bound.plan.annotates, bound.plan.orders_ready) == (True, True)
    assert bound.schema == {"type": "object", "required": ["fast"]}
    plain = bind(diamond(schema={"type": "object"}), source="tests", environ={})
    assert (plain.plan.annotates, plain.plan.orders_ready) == (False, False)
    assert plain.schema == {"type": "object"}
    assert not overrides_hook(None, "schema")
    assert not overrides_hook(Failing(), "schema")


async def test_establish_returns_what_the_task_changes():
    bound = bound_hooks(Hooks)

    async def established(context):
        record = task_record(bound.definition, context)
        task = Task(record, record.state)
        return await establish(bound.task_handler, bound.definition, task)

    overrides, inputs = await established({"fast": True})
    assert overrides == {"d": {"depends_on": ["a"], "retry_limit": 9}}
    assert inputs == {"d": {"only": 1}}
    assert bound.plan_for(overrides).steps[3].depends_on == (0,)
    assert bound.plan_for(overrides).annotates
    assert await established({"fast": False}) == ({}, {})
    assert bound.plan_for({}) is bound.plan


@pytest.mark.parametrize("change", ["remove", "add", "rename", "replace"])
async def test_establish_may_not_change_which_steps_there_are(change):
    class Meddles(TaskHandler):
        def establish_step_dependencies_and_defaults(self, task, steps):
            if change == "remove":
                steps.pop()
            elif change == "add":
                steps.append(steps[0])
            elif change == "rename":
                steps[0].name = "z"
            else:
                steps[0] = None

    definition = diamond()
    record = task_record(definition)
    if change == "add":  # the same step twice changes nothing
        assert await establish(Meddles(), definition, Task(record, "pending")) == ({}, {})
        return
    with pytest.raises(HandlerError, match="not add, remove or rename"):
        await establish(Meddles(), definition, Task(record, "pending"))


async def test_annotations_are_returned_or_collected():
    bound = bound_hooks(Hooks)
    async with runner_for(bound) as runner:
        notes = await runner.annotate(state_of(bound, results={"a": 5}))
    assert [(note.type, msgspec.json.decode(note.annotation)) for note in notes] == [
        ("summary", {"steps": 4, "state": "in_progress"}),
        ("result", {"of_a": 5}),
    ]
    assert notes[0].at == runner._clock.now()


async def test_ready_steps_start_in_the_order_of_the_hook():
    bound = bound_hooks(Hooks)
    async with runner_for(bound) as runner:
        assert await runner.order_ready(state_of(bound), [1, 2, 3]) == [3, 1, 2]


async def test_a_hook_that_raises_hurts_nothing_and_is_told():
    bound = bound_hooks(Failing)
    heard = []
    async with runner_for(bound, hook_failed=lambda *told: heard.append(told)) as runner:
        assert await runner.order_ready(state_of(bound), [2, 1]) == [2, 1]
        [note] = await runner.annotate(state_of(bound))
    assert note.type == HOOK_FAILED
    assert msgspec.json.decode(note.annotation)["message"] == "no note"
    assert [(task, hook) for task, hook, _ in heard] == [
        ("task-1", "order_ready_steps"),
        ("task-1", "update_annotations"),
    ]


async def test_annotate_works_in_its_hook_alone():
    record = task_record(diamond())
    with pytest.raises(RuntimeError, match=r"in TaskHandler\.update_annotations alone"):
        Task(record, "pending").annotate("x", {})


async def test_a_task_without_a_handler_has_no_hooks():
    bound = bound_step(nothing)
    async with runner_for(bound) as runner:
        assert await runner.annotate(state_of(bound)) == ()
        assert await runner.order_ready(state_of(bound), [0]) == [0]


async def test_a_plain_annotation_hook_may_block():
    bound = bound_hooks(Hooks)

    def blocks(task, sequence, steps):
        anyio.from_thread.run(anyio.lowlevel.checkpoint)  # fails anywhere but in a worker thread
        return [("x", {})]

    bound.task_handler.update_annotations = blocks
    async with runner_for(bound) as runner:
        [note] = await runner.annotate(state_of(bound))
    assert note.annotation == raw({})
