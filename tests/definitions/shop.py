"""Handlers, and a definition in Python; `SHOP_YAML` is its twin."""

from tasker import ApiStepHandler, TaskHandler
from tasker.definitions import define

checkout = define(
    "checkout",
    namespace="shop",
    version="1.2.0",
    schema={"type": "object", "required": ["order"], "properties": {"order": {"type": "integer"}}},
    priority=5,
    max_execution_seconds=60,
    max_concurrent_steps=2,
    custom_metadata={"team": "orders"},
    custom_events=["orders.placed"],
    annotation_types=["receipt"],
    default_dependent_system="warehouse",
)


@checkout.step
def reserve(task):
    """Reserve the goods."""


@checkout.step(
    retry_limit=5,
    timeout_seconds=3,
    dependent_system="payments",
    max_concurrent_requests=4,
    handler_config={"token": "${PAYMENT_TOKEN:-none}"},
)
async def charge(task, reserve): ...


class Ship:
    def process(self, task, sequence, step): ...


class NoProcess:
    def proces(self, task, sequence, step): ...


class Quote(ApiStepHandler):
    """Sends what is configured."""


class Pay(ApiStepHandler):
    config_keys = ("merchant",)

    async def process(self, task, sequence, step): ...


class Hooks(TaskHandler):
    pass


def audit(task, charge): ...


checkout.add_step(
    "ship", Ship, depends_on=[charge, "reserve"], skippable=True, custom_events=["orders.shipped"]
)

SHOP_YAML = """
name: checkout
namespace_name: shop
version: 1.2.0
description: Sell things.
module_namespace: tests.definitions.shop
default_dependent_system: warehouse
custom_events:
  - {name: orders.placed, description: Somebody bought.}
annotation_types: [receipt]
configuration:
  priority: 5
  max_execution_time: 60
  max_concurrent_steps: 2
  custom_metadata: {team: orders}
schema:
  type: object
  required: [order]
  properties:
    order: {type: integer}
step_templates:
  - name: ship
    description: Send them.
    handler_class: Ship
    depends_on_steps: [reserve, charge]
    skippable: true
    custom_events:
      - name: orders.shipped
  - name: reserve
    handler_class: tests.definitions.shop.reserve
  - name: charge
    handler_class: tests.definitions.shop:charge
    depends_on_step: reserve
    dependent_system: payments
    default_retry_limit: 5
    timeout_seconds: 3
    handler_config:
      token: ${PAYMENT_TOKEN:-none}
      max_concurrent_requests: 4
"""
