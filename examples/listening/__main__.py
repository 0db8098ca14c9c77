"""Run ``python -m examples.listening``: three who listen to the same orders."""

import sys
from collections import Counter

import anyio

from tasker import (
    Backoff,
    BaseSubscriber,
    Engine,
    EngineConfig,
    Event,
    RetryableError,
    Step,
    Task,
    TaskRequest,
    define,
)
from tasker.events import CustomEvent
from tasker.events.task import TaskFailed

order = define("order", custom_events=["order.placed"])


@order.step(retry_limit=2)
async def charge(task: Task, step: Step) -> dict[str, int]:
    if task.context["card"] == "stolen" or step.attempt == 1:
        raise RetryableError("the bank is away")
    return {"paid": task.context["total"]}


@order.step(depends_on=charge)
async def place(task: Task, step: Step) -> None:
    step.publish_custom_event("order.placed", {"total": task.context["total"]})


class Figures(BaseSubscriber):
    """Counts what it hears, by tags such as a metrics server takes."""

    subscribe_to = ("step.completed", "step.failed", "task.completed", "task.failed")

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    async def handle_event(self, event: Event) -> None:
        tags = [tag for tag in self.extract_metric_tags(event) if not tag.startswith("version")]
        self.counts[f"{event.name} {' '.join(tags)}"] += 1


async def main() -> None:
    figures = Figures()
    config = EngineConfig(backoff=Backoff(delays=(0.01,), jitter=0.0))
    engine = Engine.open("memory://", definitions=order, subscribers=[figures], config=config)

    @engine.on("task.failed", when_full="block")
    def call_somebody(event: TaskFailed) -> None:  # in a thread of its own, so it may block
        print(f"ALERT {event.task_name}: {event.error_message} ({', '.join(event.failed_steps)})")

    sold: list[int] = []

    @engine.on("order.placed")
    async def count_money(event: CustomEvent) -> None:
        sold.append(event.payload["total"])

    async with engine:
        for total, card in ((12, "good"), (30, "stolen"), (7, "good")):
            await engine.run(TaskRequest(name="order", context={"total": total, "card": card}))
    # Left: whoever listens has handled what waited.
    print("sold:", sum(sold))
    for line, count in sorted(figures.counts.items()):
        print(f"{count}  {line}")


if __name__ == "__main__":
    sys.exit(anyio.run(main))
