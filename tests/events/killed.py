"""A process that tells of its task's events on its output, and hangs in the first step.

Run as ``python -m tests.events.killed DATABASE``. With ``--go-on`` the step ends.
"""

from __future__ import annotations

import sys

import anyio

from tasker import Backoff, Engine, EngineConfig, TaskRequest, define
from tasker.events import Event
from tests.events.support import told

CONFIG = EngineConfig(backoff=Backoff(delays=(0.01,), exponent=0.0, max_seconds=0.01))

work = define("work")


@work.step
async def first(step):
    if "--go-on" not in sys.argv:
        await anyio.sleep_forever()
    return step.attempt


@work.step
async def second(first):
    return first


async def main(database: str) -> None:
    url = f"sqlite:///{database}"
    engine = Engine.open(url, definitions=work, config=CONFIG)
    # Heard before the engine opens, which takes up what was left.
    with engine.events("task.*", "step.*", "workflow.*", "observability.*") as events:
        async with engine:
            if "--go-on" not in sys.argv:
                await engine.submit(TaskRequest(name="work"))
            async for event in events:
                tell(event)
                if event.name == "workflow.task_finalization_completed":
                    return


def tell(event: Event) -> None:
    # With its id, to see that none is told twice, not even by two processes.
    print(event.event_id, *told([event]), flush=True)


if __name__ == "__main__":
    anyio.run(main, sys.argv[1])
