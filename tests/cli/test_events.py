"""`tasker events`, and a worker with subscribers."""

from tasker.events import catalog

ORDERS = """\
name: orders
custom_events: [{name: order.placed, description: An order is in the books.}]
step_templates: [{name: charge, handler_class: tests.events.handlers:Decline}]
"""


def test_all_events(tasker):
    said = tasker("events")
    assert (said.code, said.err) == (0, "")
    names = [line.split()[0] for line in said.out.splitlines()]
    assert names == ["event", *catalog()]


def test_one_event(tasker):
    said = tasker("events", "step.failed")
    assert said.out.startswith("step.failed  (step)\nAn attempt failed")
    assert "number or null   When the next attempt is due, Unix seconds" in said.out
    assert '"retry_at": 1764000002.25' in said.out
    assert tasker("events", "step.failed", "--json").json["example"]["step"] == "charge"


def test_some_events(tasker):
    said = tasker("events", "--category", "registry", "--json")
    assert {each["category"] for each in said.json["events"]} == {"registry"}
    said = tasker("events", "--search", "WAITS FOR RETRIES", "--json")
    assert [each["name"] for each in said.json["events"]] == ["workflow.no_viable_steps"]
    said = tasker("events", "observability.step", "--json")
    assert len(said.json["events"]) == 4
    said = tasker("events", "--search", "nonesuch")
    assert (said.code, said.out, said.err) == (0, "", "no events match\n")


def test_events_of_definitions(tasker, folder):
    (folder / "orders.yaml").write_text(ORDERS)
    said = tasker("events", "--category", "custom", "--definitions", "orders.yaml")
    assert said.out.splitlines()[1:] == ["order.placed  An order is in the books."]
    said = tasker("events", "order.placed", "--definitions", "orders.yaml")
    assert "declared by default.orders@0.1.0\n" in said.out


def test_an_event_that_there_is_not(tasker):
    said = tasker("events", "task.started")
    assert said.code == 2
    assert "see task.start_requested" in said.err
    assert "`tasker events` lists them" in tasker("events", "bogus").err


def test_a_worker_refuses_subscribers_that_hear_nothing(tasker, folder):
    (folder / "subscribers.yaml").write_text("subscriptions:\n  one: {class: nowhere.at:All}\n")
    said = tasker("worker", "--definitions", "checkout.yaml", "--subscribers", "subscribers.yaml")
    assert said.code == 2
    assert "subscribers.yaml:2: subscriptions.one.class" in said.err
