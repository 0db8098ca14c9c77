"""Durable subscriptions: every event at least once, in order per task, whatever happens."""

import threading
import time
from collections import Counter

import anyio
import pytest

from tasker import (
    BaseSubscriber,
    Engine,
    PermanentError,
    RetryableError,
    TaskRequest,
    define,
)
from tasker.errors import StoreUnavailableError, SubscriberError, SubscriptionGoneError
from tasker.events.policy import DeliveryPolicy
from tasker.stores import MemoryStore
from tasker.stores.outbox import SubscriptionRecord
from tasker.testing import ManualClock, testing_engine
from tasker.actors.workflow.plan import Backoff
from tests.events.support import chain, failing, told, until

SOON = Backoff(delays=(0.01,), exponent=0.0, max_seconds=0.05)


class Ledger(BaseSubscriber):
    """Keeps what it was given, and raises what it is told to."""

    subscribe_to = ("*",)
    durable = True
    policy = DeliveryPolicy(backoff=SOON, max_attempts=3)

    def __init__(self, raises=lambda event: None, **given):
        super().__init__(**given)
        self.heard = []
        self.raises = raises

    async def handle_event(self, event):
        error = self.raises(event)
        if error is not None:
            raise error
        self.heard.append(event)

    def names(self, task_id=None):
        return [each.name for each in self.heard if task_id in (None, each.task_id)]


def from_decisions(events):
    """Leave out what a process tells of what it sees."""
    seen = ("step.before_handle", "observability.task.handle", "observability.step.handle")
    own = ("handler", "subscriber")
    return [each for each in events if each.name not in seen and each.name.split(".")[0] not in own]


@pytest.mark.parametrize("definition", [chain(), failing(1), failing(2, limit=2)], ids=str)
async def test_it_hears_what_is_told_here_in_the_same_order_and_form(definition):
    ledger = Ledger()
    async with testing_engine(definition) as engine:
        engine.subscribe(ledger)
        task = await engine.run(TaskRequest(name=definition.load().definition.name))
        expected = from_decisions(engine.captured.of(task.task_id))
        await until(lambda: len(ledger.heard) >= len(expected))
    assert ledger.heard == expected
