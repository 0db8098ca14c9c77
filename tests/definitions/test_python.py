"""Definitions made in Python."""

import inspect

import msgspec
import pytest

from tasker.definitions import CustomEvent, Definition, define
from tasker.errors import DefinitionError
from tests.definitions import shop


def problems_of(builder):
    with pytest.raises(DefinitionError) as caught:
        builder.build({})
    return caught.value.problems


def only_problem(builder):
    (problem,) = problems_of(builder)
    return problem


def line_in(function, text):
    """The line of this file where a text stands in a test's function."""
    lines, first = inspect.getsourcelines(function)
    return first + next(index for index, line in enumerate(lines) if text in line)


def test_the_decorators_give_the_functions_back_unchanged():
    assert shop.reserve.__name__ == "reserve"
    assert inspect.iscoroutinefunction(shop.charge)


def test_parameters_named_like_steps_are_dependencies():
    definition = shop.checkout.build({})
    assert isinstance(definition, Definition)
    assert {step.name: step.depends_on for step in definition.steps} == {
        "reserve": (),
        "charge": ("reserve",),
        "ship": ("charge", "reserve"),
    }
    assert definition.steps_by_name["reserve"].description == "Reserve the goods."
    assert definition.steps_by_name["charge"].handler == "tests.definitions.shop:charge"
    assert definition.steps_by_name["ship"].dependent_system == "warehouse"


def test_targets_are_the_objects_themselves():
    assert shop.checkout.targets == {
        "reserve": shop.reserve,
        "charge": shop.charge,
        "ship": shop.Ship,
    }


def test_steps_may_be_named_before_they_are_added():
    builder = define("forward")

    @builder.step
    def last(first, sequence): ...

    @builder.step
    def first(step): ...

    assert builder.build().steps_by_name["last"].depends_on == ("first",)


def test_a_parameter_with_a_default_is_a_dependency_only_if_a_step_has_its_name():
    builder = define("defaults")

    @builder.step
    def first(): ...

    @builder.step
    def second(first=None, limit=10, *args, **more): ...

    assert builder.build().steps_by_name["second"].depends_on == ("first",)


def test_options_of_a_step():
    builder = define("options")

    @builder.step(
        name="renamed",
        retryable=False,
        retry_limit=1,
        timeout_seconds=2,
        skippable=True,
        dependent_system="db",
        executor="process",
        rate_limit_per_second=2,
        custom_events=["a.b", CustomEvent(name="c.d")],
        description="Say.",
    )
    class Handler:
        def process(self, task, sequence, step): ...

    # A class inside a function cannot go to another process.
    assert only_problem(builder).key == "renamed.executor"

    builder = define("options")
    builder.add_step("renamed", shop.Ship, executor="process", rate_limit_per_second=2)
    [step] = builder.build().steps
    assert (step.executor, step.rate_limit_per_second) == ("process", 2.0)
    assert step.handler_config == {"rate_limit_per_second": 2}


def test_steps_generated_in_a_loop_share_a_handler():
    builder = define("fan")
    for region in ("north", "south"):
        builder.add_step(f"count_{region}", shop.reserve, handler_config={"region": region})
    builder.add_step("sum", shop.Ship, depends_on=[f"count_{r}" for r in ("north", "south")])

    definition = builder.build()
    assert definition.steps_by_name["sum"].depends_on == ("count_north", "count_south")
    assert definition.steps_by_name["count_south"].handler_config == {"region": "south"}
    assert builder.targets["count_north"] is builder.targets["count_south"] is shop.reserve


def test_a_dependency_may_be_a_function_or_a_class_or_one_name():
    builder = define("deps")
    builder.add_step("a", shop.reserve)
    builder.add_step("b", shop.Ship, depends_on=shop.reserve)
    builder.add_step("c", "tests.definitions.shop.Ship", depends_on="b")
    steps = builder.build().steps
    assert [step.depends_on for step in steps] == [(), ("a",), ("b",)]
    assert steps[2].handler == "tests.definitions.shop:Ship"
    assert builder.targets["c"] is shop.Ship


def test_a_function_inside_a_function_keeps_its_own_reference():
    builder = define("local")

    @builder.step
    def inner(task): ...

    [step] = builder.build().steps
    assert step.handler == (
        "tests.definitions.test_python:"
        "test_a_function_inside_a_function_keeps_its_own_reference.<locals>.inner"
    )


def test_a_task_handler_may_be_a_class_or_a_reference():
    expected = "tests.definitions.shop:Hooks"
    assert define("a", task_handler=shop.Hooks).build().task_handler == expected
    assert define("a", task_handler=expected).build().task_handler == expected
    assert only_problem(define("a", task_handler="tests.definitions.shop:reserve")).key == (
        "task_handler"
    )


def test_a_builder_says_what_it_is():
    builder = define("named", namespace="ns", version="2.0.0")
    line = line_in(test_a_builder_says_what_it_is, "builder = define(")
    assert builder.source == f"tests.definitions.test_python:{line}"
    assert builder.load().source == builder.source
    assert "ns.named@2.0.0, 0 steps" in repr(builder)


def test_every_problem_comes_at_once_at_the_line_of_its_step():
    builder = define("wrong", version="1.0", schema={"type": "nteger"})  # the definition

    @builder.step(retry_limit=0, timeout_seconds="soon", depends_on="nobody")  # type: ignore[call-overload]
    def first(): ...

    @builder.step(executor="threads", colour="red", retry_limt=2)  # type: ignore[call-overload]
    def second(task, frist): ...

    builder.add_step("first", shop.NoProcess)  # the class

    here = test_every_problem_comes_at_once_at_the_line_of_its_step
    definition = line_in(here, "# the definition")
    one, two = line_in(here, "retry_limit=0"), line_in(here, "executor=")
    three = line_in(here, "# the class")
    found = {(problem.line, problem.key) for problem in problems_of(builder)}
    assert found == {
        (definition, "version"),
        (definition, "schema.type"),
        (one, "first.retry_limit"),
        (one, "first.timeout_seconds"),
        (one, "first.depends_on.nobody"),
        (two, "second.executor"),
        (two, "second.colour"),
        (two, "second.retry_limt"),
        (two, "second.handler"),
        (three, "first.handler"),
        (three, "first.name"),
    }
    assert {problem.where for problem in problems_of(builder)} == {"tests.definitions.test_python"}
    remedies = {problem.key: problem.remedy for problem in problems_of(builder)}
    assert remedies["second.retry_limt"] == "did you mean 'retry_limit'?"
    assert remedies["second.colour"] == "remove it"
    text = str(problems_of(builder)[0])
    assert text.startswith(f"tests.definitions.test_python:{definition}: ")


def test_an_unknown_parameter_names_function_parameter_and_remedy():
    builder = define("parameters")

    @builder.step
    def ship(task, chrage): ...

    @builder.step
    def charge(task): ...

    problem = only_problem(builder)
    assert "ship" in problem.message
    assert "'chrage'" in problem.message
    assert "default" in problem.remedy


def test_circles_are_printed_as_paths():
    builder = define("circle")

    @builder.step
    def a(c): ...

    @builder.step
    def b(a): ...

    @builder.step
    def c(b): ...

    problem = only_problem(builder)
    assert "a -> c -> b -> a" in problem.message


def test_a_step_may_not_depend_on_itself():
    builder = define("self")

    @builder.step
    def a(a): ...

    assert any("depends on itself" in problem.message for problem in problems_of(builder))


@pytest.mark.parametrize("handler", [5, "no_such:thing", "nonsense", shop.NoProcess, print])
def test_what_is_no_handler_is_refused(handler):
    builder = define("handler")
    builder.add_step("a", handler)
    problem = only_problem(builder)
    assert problem.key == "a.handler"
    assert "package.module:Name" in problem.remedy
    assert set(builder.targets.values()) <= {shop.NoProcess, handler}


def test_a_function_behind_several_steps_is_no_clear_dependency():
    builder = define("many")
    builder.add_step("a", shop.reserve)
    builder.add_step("b", shop.reserve)
    builder.add_step("c", shop.Ship, depends_on=shop.reserve)
    assert "several steps: a, b" in only_problem(builder).message
    lone = define("lone")
    lone.add_step("c", shop.Ship, depends_on=[shop.reserve])
    assert "no step here" in only_problem(lone).message


def test_a_configuration_that_is_no_json_is_refused():
    builder = define("config")
    builder.add_step("a", shop.Ship, handler_config={"when": object()})
    assert "object is no JSON value" in only_problem(builder).message
    listed = define("config")
    listed.add_step("a", shop.Ship, handler_config=["hunter2"])  # type: ignore[arg-type]
    assert only_problem(listed).message.startswith("the value is of the wrong type")
    wrong = define("config")
    wrong.add_step("a", shop.Ship, skippable="perhaps")  # type: ignore[arg-type]
    assert only_problem(wrong).message.startswith("'perhaps' is of the wrong type")
    api = define("config")
    api.add_step("a", shop.Ship, handler_config={"type": "api", "url": "nowhere"})
    assert only_problem(api).key == "a.handler_config.url"


def test_names_are_text():
    with pytest.raises(TypeError, match="name of a step"):
        define("a").add_step(5, shop.Ship)  # type: ignore[arg-type]
    assert only_problem(define("")).message == "the name is empty"
    assert only_problem(define("a", namespace="")).key == "namespace"
    assert only_problem(define("a", priority="high")).key == "priority"  # type: ignore[arg-type]


def test_what_is_built_does_not_change_with_what_it_was_made_of():
    config = {"a": [1]}
    builder = define("copy")
    builder.add_step("a", shop.Ship, handler_config=config)
    definition = builder.build()
    before = msgspec.json.encode(definition)
    config["a"].append(2)
    builder.add_step("b", shop.Ship)
    assert msgspec.json.encode(definition) == before
    assert len(builder.build().steps) == 2


def test_a_module_that_is_run_is_named_as_others_import_it(monkeypatch):
    import types

    main = types.ModuleType("__main__")
    main.__spec__ = types.SimpleNamespace(name="shop.checkout")  # type: ignore[assignment]
    monkeypatch.setitem(__import__("sys").modules, "__main__", main)

    def step(task): ...

    step.__module__ = "__main__"
    step.__qualname__ = "step"
    builder = define("main")
    builder.add_step("step", step)
    assert builder.build().steps[0].handler == "shop.checkout:step"


def test_a_class_is_placed_where_it_is_decorated_or_added():
    builder = define("classes")

    @builder.step
    class Bare:  # without parentheses
        pass

    @builder.step(name="called")  # with parentheses
    class Called:
        pass

    builder.add_step("added", shop.NoProcess)  # added

    here = test_a_class_is_placed_where_it_is_decorated_or_added
    bare = line_in(here, "class Bare") - 1
    called, added = line_in(here, "# with parentheses"), line_in(here, "# added")
    assert {(problem.line, problem.key) for problem in problems_of(builder)} == {
        (bare, "Bare.handler"),
        (called, "called.handler"),
        (added, "added.handler"),
    }


def test_placeholders_are_filled_from_the_process_by_default(monkeypatch):
    monkeypatch.setenv("TASKER_TEST_TOKEN", "t0ken")
    builder = define("process")
    builder.add_step("a", shop.Ship, handler_config={"token": "${TASKER_TEST_TOKEN}"})
    assert builder.load().configs["a"] == {"token": "t0ken"}


@pytest.mark.parametrize(
    ("name", "namespace", "step", "keys"),
    [
        ("a b", "default", "only", ["name"]),
        ("a", "shop.eu", "only", ["namespace"]),
        ("a", "default", "only one", ["only one.name"]),
        ("a.b", "a@b", "<lambda>", ["name", "namespace", "<lambda>.name"]),
    ],
)
def test_names_that_cannot_be_addressed_are_refused(name, namespace, step, keys):
    builder = define(name, namespace=namespace)
    builder.add_step(step, shop.reserve)
    with pytest.raises(DefinitionError) as caught:
        builder.build()
    assert sorted(problem.key for problem in caught.value.problems) == sorted(keys)
    assert all(problem.remedy.startswith("use letters") for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("handler", "options", "key", "remedy"),
    [
        (shop.Quote, {}, "url", "add url"),
        (shop.Quote, {"url": ""}, "url", "add url"),
        ("tasker:ApiStepHandler", {}, "url", "add url"),
        (shop.Pay, {"methd": "GET"}, "methd", "did you mean 'method'?"),
    ],
)
def test_the_configuration_is_checked_by_the_handler(handler, options, key, remedy):
    builder = define("a")
    builder.add_step("send", handler, handler_config=options)
    with pytest.raises(DefinitionError) as caught:
        builder.build({})
    assert f"send.handler_config.{key}" in [problem.key for problem in caught.value.problems]
    assert remedy in [problem.remedy for problem in caught.value.problems]
