"""`tasker subscriptions`: durable subscriptions, dead letters, and what is done with them."""

import anyio
import pytest

from tasker import Engine, PermanentError, TaskRequest
from tests.cli.command import Here
from tests.events.support import chain, until


@pytest.fixture
def tasker(anywhere):
    return anywhere


@pytest.fixture
def refusing(folder):
    """A store with a subscription `billing` whose only event became a dead letter."""

    async def fill():
        async with Engine.open("sqlite:///tasker.db", definitions=chain()) as engine:

            @engine.on("task.completed", name="billing", durable=True)
            async def billing(event):
                raise PermanentError("no such customer")

            await engine.run(TaskRequest(name="chain"))
            await until(lambda: engine.health().subscribers[0].dead_lettered)

    anyio.run(fill)


def test_they_are_listed(tasker, refusing):
    said = tasker("subscriptions")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines()[1].split() == ["billing", "task.completed", "0", "1", "-"]
    [found] = tasker("subscriptions", "list", "--json").json["subscriptions"]
    assert (found["name"], found["waiting"], found["dead_letters"]) == ("billing", 0, 1)


def test_dead_letters_are_listed_redelivered_and_discarded(tasker, refusing):
    said = tasker("subscriptions", "dead-letters", "billing")
    assert "PermanentError: no such customer" in said.out
    [letter] = tasker("subscriptions", "dead-letters", "--json").json["dead_letters"]
    assert letter["event"]["name"] == "task.completed"
    assert letter["event_id"] == letter["event"]["event_id"]
    said = tasker("subscriptions", "discard", "billing")
    assert (said.code, "name the events, or give --all" in said.err) == (2, True)
    said = tasker("subscriptions", "redeliver", "billing", letter["event_id"])
    assert said.out == "1 dead letter will be delivered again\n"
    [found] = tasker("subscriptions", "--json").json["subscriptions"]
    assert (found["waiting"], found["dead_letters"]) == (1, 0)
    assert tasker("subscriptions", "discard", "billing", "--all", "--json").json == {"discarded": 0}


def test_they_are_suspended_resumed_and_removed(tasker, refusing):
    tasker("subscriptions", "suspend", "billing", "--reason", "moving house")
    assert "suspended: moving house" in tasker("subscriptions").out
    tasker("subscriptions", "resume", "billing")
    assert "suspended" not in tasker("subscriptions").out
    assert tasker("subscriptions", "remove", "billing").out == "billing is removed\n"
    assert tasker("subscriptions").err == "there are no durable subscriptions\n"
    assert tasker("subscriptions", "dead-letters").err == "there are no dead letters\n"


def test_an_unknown_one_is_told(tasker, refusing):
    said = tasker("subscriptions", "redeliver", "biling")
    assert said.code == 1
    assert said.err == "error: the store has no subscription 'biling'; it has billing\n"


def test_where_there_is_no_store_none_is_made(folder, capsys):
    assert Here(capsys)("subscriptions").code != 0
    assert not (folder / "tasker.db").exists()
