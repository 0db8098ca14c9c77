"""Handlers of the workflows that the tests run, steered by the task's context."""

import time
from pathlib import Path

import anyio

from tasker import PermanentError, RetryableError, define

CHECKOUT = """\
name: checkout
namespace_name: shop
version: 1.2.0
module_namespace: tests.cli.shop
schema:
  type: object
  required: [order]
  properties: {order: {type: integer}}
step_templates:
  - {name: validate, handler_class: Validate}
  - {name: reserve, handler_class: Reserve, depends_on_step: validate}
  - {name: charge, handler_class: Charge, depends_on_step: validate}
  - {name: ship, handler_class: Ship, depends_on_steps: [reserve, charge], skippable: true}
"""

BROKEN = """\
name: broken
version: 1.0
step_templates:
  - {name: a, handler_class: "tests.cli.shop:Validat"}
  - {name: b, handler_klass: "tests.cli.shop:Ship", depends_on_step: a}
"""


async def opened(gate):
    """Wait until a file exists."""
    while gate is not None and not await anyio.Path(gate).exists():  # noqa: ASYNC110
        await anyio.sleep(0.01)


class Validate:
    async def process(self, task, sequence, step):
        print("validating")
        await opened(task.context.get("gate"))
        return {"order": task.context["order"]}


class Reserve:
    def process(self, task, sequence, step):
        while task.context.get("stuck"):
            time.sleep(0.01)
        return {"stock": 3}


class Charge:
    async def process(self, task, sequence, step):
        if step.attempt <= task.context.get("busy", 0):
            wait = task.context.get("pause", 0.05)
            raise RetryableError("the bank is busy", retry_after=wait)
        if task.context.get("declined"):
            raise PermanentError("declined\x1b[2J\nerror: forged", context={"card": "x"})
        if task.context.get("complaint"):
            raise PermanentError("blah" * (task.context["complaint"] // 4))
        return {"receipt": "A-17"}


class Ship:
    async def process(self, task, sequence, step): ...


report = define("report", namespace="shop")


@report.step
async def gather(task):
    return [1, 2, 3]


@report.step
async def summarise(gather):
    return sum(gather)


def write_shop(folder: Path) -> Path:
    """Write the definition; return its file."""
    file = folder / "checkout.yaml"
    file.write_text(CHECKOUT)
    return file
