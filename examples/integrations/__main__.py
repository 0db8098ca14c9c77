"""Run ``python -m examples.integrations``: orders, and what four services hear of them."""

import sys
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread

from examples.integrations.receivers import Receivers
from tasker import Engine, PermanentError, Step, Task, TaskRequest, define

SUBSCRIBERS = Path(__file__).with_name("subscribers.yaml")

order = define("order", namespace="shop", custom_events=["order.placed"])


@order.step
async def charge(task: Task) -> dict[str, int]:
    if task.context["card"] == "stolen":
        raise PermanentError("the card is <stolen>")
    return {"paid": task.context["total"]}


@order.step(depends_on=charge)
async def place(task: Task, step: Step) -> None:
    step.publish_custom_event("order.placed", {"total": task.context["total"]})


async def main() -> None:
    # In place of the services; the first two requests are answered "too many".
    receivers = Receivers(busy=2)
    opened = partial(
        Engine.open,
        "memory://",
        definitions=order,
        subscribers=SUBSCRIBERS,
        environ=receivers.environ,
    )
    with receivers.listening():
        async with await anyio.to_thread.run_sync(opened) as engine:
            for total, card in ((12, "good"), (30, "stolen")):
                await engine.run(
                    TaskRequest(
                        name="order", namespace="shop", context={"total": total, "card": card}
                    )
                )
            # What was answered "too many" is sent again in a second.
            while any(each.waiting for each in await engine.subscriptions.all()):  # noqa: ASYNC110
                await anyio.sleep(0.05)
    for issue in receivers.bodies("/api/42"):
        print("sentry:", issue["logger"], issue["transaction"], issue["exception"])
    for incident in receivers.bodies("/v2/enqueue"):
        print("pagerduty:", incident["event_action"], incident["payload"]["summary"])  # type: ignore[index]
    for text in sorted(str(message["text"]) for message in receivers.bodies("/services")):
        print("slack:", text)
    for line in sorted(line for line in receivers.datagrams if "|c|" in line):
        print("statsd:", line)


if __name__ == "__main__":
    sys.exit(anyio.run(main))
