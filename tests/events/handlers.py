"""Handlers that publish, for definitions in YAML and in worker processes."""

from __future__ import annotations

from typing import ClassVar

from tasker import BaseSubscriber, PermanentError, StepHandler


class Charge(StepHandler):
    custom_event_configuration: ClassVar = [
        {"name": "payment.charged", "description": "Money was taken."}
    ]

    async def process(self, task, sequence, step):
        self.publish_custom_event("payment.charged", {"amount": 12, "with": self.config["token"]})
        return {"paid": 12}


class ChargeInThread(Charge):
    def process(self, task, sequence, step):
        self.publish_custom_event("payment.charged", {"amount": 12, "with": self.config["token"]})
        return {"paid": 12}


class Decline(StepHandler):
    async def process(self, task, sequence, step):
        step.publish_custom_event("order.declined", {"why": "no money"})
        raise PermanentError("declined")


def plain(step):
    step.publish_custom_event("order.placed", {"order": "A-17"})
    step.publish_custom_event("payment.charged")


class Undotted(StepHandler):
    custom_event_configuration: ClassVar = [{"name": "charged"}]

    async def process(self, task, sequence, step):
        pass


class Ledger(BaseSubscriber):
    subscribe_to = ("task.completed",)
    made: ClassVar[list[Ledger]] = []

    def __init__(self, **given):
        super().__init__(**given)
        self.heard: list[str] = []
        self.made.append(self)

    async def handle_event(self, event):
        self.heard.append(event.name)
