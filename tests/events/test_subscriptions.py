"""Subscribers from YAML files."""

import anyio
import pytest

from tasker import Engine, TaskRequest
from tasker.errors import DefinitionError
from tests.events.handlers import Ledger
from tests.events.support import chain, until

GOOD = """\
subscriptions:
  ledger:
    class: tests.events.handlers:Ledger
    events: [step.completed, "order.*"]
    capacity: 7
    when_full: block
    config: {dsn: "${DSN:-none}", table: ledger}
  off:
    class: tests.events.handlers:Ledger
    enabled: false
"""

BAD = """\
subscriptions:
  one:
    class: tests.events.handlers:Legder
  two:
    class: tests.events.handlers:Ledger
    events: [task.complete]
    capacity: 0
    when_full: wait
  three:
    klass: tests.events.handlers:Ledger
  four:
    class: tests.events.handlers:plain
  five: yes
"""


async def test_a_file_of_subscribers(tmp_path):
    Ledger.made.clear()
    path = tmp_path / "subscribers.yaml"
    await anyio.Path(path).write_text(GOOD)

    def opened():
        return Engine.open(
            "memory://", definitions=chain(), subscribers=path, environ={"DSN": "https://x"}
        )

    async with await anyio.to_thread.run_sync(opened) as engine:
        [one] = engine.health().subscribers
        assert (one.name, one.capacity, one.when_full) == ("ledger", 7, "block")
        assert one.events == ("task.completed", "step.completed", "order.*")
        await engine.run(TaskRequest(name="chain"))
        ledger = Ledger.made[0]
        await until(lambda: len(ledger.heard) == 3)
    assert ledger.config == {"dsn": "https://x", "table": "ledger"}
    assert ledger.heard == ["step.completed", "step.completed", "task.completed"]


async def test_everything_wrong_is_told_with_file_and_line(tmp_path):
    path = tmp_path / "subscribers.yaml"
    await anyio.Path(path).write_text(BAD)
    with pytest.raises(DefinitionError) as caught:
        await anyio.to_thread.run_sync(lambda: Engine.open("memory://", subscribers=[path]))
    found = [str(problem).removeprefix(f"{path}:") for problem in caught.value.problems]
    expected = [
        "3: subscriptions.one.class: ",
        "6: subscriptions.two.events: ",
        "7: subscriptions.two.capacity: ",
        "8: subscriptions.two.when_full: ",
        "10: subscriptions.three.class: ",
        "10: subscriptions.three.klass: ",
        "12: subscriptions.four.class: ",
        "13: subscriptions.five: ",
    ]
    assert [
        text
        for text, start in zip(sorted(found, key=line), expected, strict=True)
        if start not in text
    ] == []
    assert "did you mean 'Ledger'" in found[0]
    assert "did you mean 'task.completed'" in found[1]


def line(text):
    return int(text.partition(":")[0]), text


async def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DefinitionError, match="no such file"):
        await anyio.to_thread.run_sync(
            lambda: Engine.open("memory://", subscribers=tmp_path / "none.yaml")
        )
