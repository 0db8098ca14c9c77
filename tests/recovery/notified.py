"""The work of `tests.recovery.work`, with a webhook for everything that happens.

Run as ``python -m tests.recovery.notified DATABASE LEDGER ACKNOWLEDGED TASKS URL SECRET``,
it ends when all tasks are at rest and all that they tell is delivered. It may be killed
at any moment and started again.
"""

from __future__ import annotations

import sys
from pathlib import Path

import anyio

from tasker import Backoff, Engine, WebhookSubscriber
from tasker.events import DeliveryPolicy
from tests.recovery import work

# Attempts enough for a receiver that is away for a while; and a cursor that moves on
# between two kills.
POLICY = DeliveryPolicy(
    backoff=Backoff(delays=(0.02,), exponent=0.0, max_seconds=0.05),
    max_attempts=10_000,
    window=100,
    save_seconds=0.01,
)


def subscriber(url: str, secret: str) -> WebhookSubscriber:
    return WebhookSubscriber(
        name="ledger", url=url, secrets=[secret], events=["task.*", "step.*"], policy=POLICY
    )


async def delivered(engine: Engine) -> None:
    while any(each.waiting for each in await engine.subscriptions.all()):  # noqa: ASYNC110
        await anyio.sleep(0.02)


if __name__ == "__main__":
    database, ledger, acknowledged, tasks, url, secret = sys.argv[1:]
    work.ledger = Path(ledger)
    anyio.run(
        work.work,
        database,
        Path(acknowledged),
        int(tasks),
        [subscriber(url, secret)],
        delivered,
    )
