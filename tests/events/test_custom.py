"""Custom events: declared, published with the outcome of their attempt, refused otherwise."""

import anyio
import msgspec
import pytest

from tasker import Engine, RetryableError, TaskRequest, define
from tasker.definitions import load_definitions
from tasker.errors import DefinitionError, EventNameError
from tasker.events import CustomEvent, decode_event
from tasker.testing import ManualClock, attempt_handler, testing_engine
from tests.events import handlers
from tests.events.support import failing, until

YAML = """\
name: orders
custom_events:
  - {name: order.placed, description: An order is in the books.}
step_templates:
  - name: charge
    handler_class: tests.events.handlers:Charge
    handler_config: {token: "${TOKEN}"}
  - name: place
    handler_class: tests.events.handlers:plain
    depends_on_step: charge
    executor: EXECUTOR
    custom_events: [{name: payment.charged}]
"""


async def load(tmp_path, text=YAML, executor="auto"):
    file = tmp_path / "orders.yaml"
    await anyio.Path(file).write_text(text.replace("EXECUTOR", executor))
    environ = {"TOKEN": "tok-very-secret"}
    return await anyio.to_thread.run_sync(lambda: load_definitions(file, environ=environ))


def custom(engine):
    return [event for event in engine.captured.events if isinstance(event, CustomEvent)]


@pytest.mark.parametrize("executor", ["auto", "process"])
async def test_what_yaml_declares_is_published_at_task_and_step_level(tmp_path, executor):
    async with testing_engine(await load(tmp_path, executor=executor)) as engine:
        task = await engine.run(TaskRequest(name="orders"))
        history = await engine.history(task.task_id)
        found = [(e.name, e.step, e.attempt, e.payload) for e in custom(engine)]
        names = engine.captured.names(task.task_id, "order.*", "payment.*", "step.completed")
    assert task.state == "complete", task.errors
    assert found == [
        ("payment.charged", "charge", 1, {"amount": 12, "with": "[FILTERED]"}),
        ("order.placed", "place", 1, {"order": "A-17"}),
        ("payment.charged", "place", 1, {}),
    ]
    assert names == [
        *["payment.charged", "step.completed"],
        *["order.placed", "payment.charged", "step.completed"],
    ]
    assert "very-secret" not in repr(history)


async def test_a_thread_publishes_as_well():
    made = define("threads")
    made.add_step("charge", handlers.ChargeInThread, handler_config={"token": "open"})
    async with testing_engine(made) as engine:
        await engine.run(TaskRequest(name="threads"))
        assert [event.payload["amount"] for event in custom(engine)] == [12]


async def test_the_catalog_has_them_with_who_declares_them(tmp_path):
    async with testing_engine(await load(tmp_path)) as engine:
        found = engine.event_catalog.catalog()["payment.charged"]
        assert found.description == "Money was taken."
        assert found.category == "custom"
        assert found.fired_by == ("default.orders@0.1.0 charge", "default.orders@0.1.0 place")
        assert decode_event(msgspec.json.encode(found.example)).name == "payment.charged"
        assert [e.name for e in engine.event_catalog.search("books")] == ["order.placed"]
        assert "order.placed" in engine.event_catalog.catalog()


async def test_a_failed_attempt_tells_what_it_published_once():
    made = define("declined", custom_events=["order.declined"])
    made.add_step("charge", handlers.Decline)
    async with testing_engine(made) as engine:
        task = await engine.run(TaskRequest(name="declined"))
        names = engine.captured.names(task.task_id, "order.*", "step.failed")
    assert names == ["order.declined", "step.failed"]


async def test_each_attempt_tells_its_own():
    made = define("twice")

    @made.step(custom_events=["order.tried"])
    async def try_it(step):
        step.publish_custom_event("order.tried", {"attempt": step.attempt})
        if step.attempt == 1:
            raise RetryableError("again")

    async with testing_engine(made) as engine:
        await engine.run(TaskRequest(name="twice"))
        assert [(e.attempt, e.payload) for e in custom(engine)] == [
            (1, {"attempt": 1}),
            (2, {"attempt": 2}),
        ]
        assert len({event.event_id for event in custom(engine)}) == 2


async def test_nothing_is_told_before_the_outcome_is_durable_nor_of_an_attempt_that_is_lost():
    made, entered = define("slow"), anyio.Event()

    @made.step(custom_events=["order.tried"], timeout_seconds=5, retry_limit=1)
    async def try_it(step):
        step.publish_custom_event("order.tried")
        entered.set()
        await anyio.sleep_forever()

    clock = ManualClock()
    async with testing_engine(made, clock=clock) as engine:
        task_id = await engine.submit(TaskRequest(name="slow"))
        await entered.wait()
        assert custom(engine) == []
        await clock.advance(6)
        await until(lambda: "task.failed" in engine.captured.names(task_id))
        assert custom(engine) == []


async def test_an_event_that_nobody_declared_fails_the_step_for_good():
    made = define("typo", custom_events=["order.placed"])

    @made.step
    async def place(step):
        step.publish_custom_event("order.plaecd")

    async with testing_engine(made) as engine:
        task = await engine.run(TaskRequest(name="typo"))
        error = task.errors["place"]
        assert (task.step("place").attempts, custom(engine)) == (1, [])
    assert "which it does not declare (known: order.placed)" in error.message


async def test_what_is_registered_with_the_engine_every_step_may_publish():
    made = define("registered")

    @made.step
    async def place(step):
        step.publish_custom_event("order.placed")

    async with testing_engine(made) as engine:
        engine.register_event("order.placed", "An order is in the books.")
        engine.register_event("order.placed", "An order is in the books.")
        await engine.run(TaskRequest(name="registered"))
        assert [event.name for event in custom(engine)] == ["order.placed"]
        with pytest.raises(EventNameError, match="registered with another description"):
            engine.register_event("order.placed", "Something else.")


async def test_sensitive_keys_of_a_payload_are_hidden_wherever_it_is_told():
    made = define("private", custom_events=["user.registered"])

    @made.step
    async def register(step):
        step.publish_custom_event("user.registered", {"email": "ann@example.com", "plan": "pro"})

    async with testing_engine(made) as engine:
        task = await engine.run(TaskRequest(name="private"))
        assert [e.payload for e in custom(engine)] == [{"email": "[FILTERED]", "plan": "pro"}]
        assert "ann@" not in repr(await engine.history(task.task_id))


async def test_every_event_of_a_task_has_its_correlation_id():
    async with testing_engine(failing(1)) as engine:
        task = await engine.run(TaskRequest(name="failing", correlation_id="req-7"))
        assert {event.correlation_id for event in engine.captured.of(task.task_id)} == {"req-7"}


async def test_a_payload_is_kept_as_it_was_and_bounded():
    made = define("payloads", custom_events=["order.placed"])
    order = {"lines": 1}

    @made.step
    async def place(step):
        step.publish_custom_event("order.placed", order)
        order["lines"] = 2

    @made.step(depends_on="place")
    async def flood(step):
        step.publish_custom_event("order.placed", {"text": "x" * 700_000})
        step.publish_custom_event("order.placed", {"text": "x" * 700_000})

    async with testing_engine(made) as engine:
        task = await engine.run(TaskRequest(name="payloads"))
        assert custom(engine)[0].payload == {"lines": 1}
    assert "SizeLimitError" in task.errors["flood"].error_class


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("placed", "has no namespace; write namespace.event"),
        ("task.placed", "is in a namespace of the engine"),
        ("Task.placed", "is in a namespace of the engine"),
        ("export.done", "is in a namespace of the engine"),
        ("order..placed", "is no name of an event"),
        ("order.", "has no namespace"),
        ("order.*", "is no name of an event"),
        ("or der.placed", "is no name of an event"),
    ],
)
async def test_names_are_refused_with_file_and_line(tmp_path, name, said):
    with pytest.raises(DefinitionError) as caught:
        await load(tmp_path, YAML.replace("name: order.placed", f'name: "{name}"'))
    [problem] = caught.value.problems
    assert str(problem).startswith(f"{tmp_path / 'orders.yaml'}:3: custom_events[0].name: ")
    assert said in str(problem)
    with pytest.raises(EventNameError, match=said.partition(";")[0]):
        Engine.open("memory://").register_event(name)


async def test_a_handlers_own_configuration_is_checked_too(tmp_path):
    made = define("undotted")
    made.add_step("charge", handlers.Undotted)
    with pytest.raises(DefinitionError, match=r"the event 'charged' has no namespace"):
        Engine.open("memory://", definitions=made)


async def test_a_handler_publishes_in_process_alone():
    with pytest.raises(RuntimeError, match="works in process"):
        handlers.Charge().publish_custom_event("payment.charged")

    async def looks(step, sequence):
        sequence.find_step_by_name("before").publish_custom_event("order.placed")

    run = await attempt_handler(looks, results={"before": 1})
    assert "from another step" in str(run.raised)


async def test_the_test_kit_has_what_a_handler_published():
    run = await attempt_handler(handlers.Charge, config={"token": "t"})
    assert run.published == [("payment.charged", {"amount": 12, "with": "t"})]
