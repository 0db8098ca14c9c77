"""A load to be measured alone: ``python -m tests.engine.load URL TASKS``.

It submits all tasks at once, runs them to the end, and says as JSON how much
memory that took beyond the opened engine, and how the engine stood at its fullest.
"""

import gc
import json
import resource
import sys

import anyio

from tasker import Engine, EngineConfig, TaskRequest, define

RESIDENT = 200
CAPACITY = 64

CONFIG = EngineConfig(
    max_resident_tasks=RESIDENT,
    max_concurrent_steps=100,
    journal_capacity=CAPACITY,
    journal_batch=CAPACITY,
)


def definition():
    made = define("load")

    @made.step
    async def first(task):
        return task.context["n"]

    @made.step
    async def last(first):
        return first + 1

    return made


def memory() -> int:
    """Return the most memory that this process ever had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


async def main(url: str, count: int) -> None:
    made = definition()
    async with Engine.open(url, definitions=made, config=CONFIG) as engine:
        await engine.run(TaskRequest(name="load", context={"n": 0}))
        gc.collect()
        before = memory()
        fullest = {"resident": 0, "queued": 0}
        submitting = {"now": 0, "most": 0}
        ids: list[str] = []

        def look() -> None:
            health = engine.health()
            fullest["resident"] = max(fullest["resident"], health.tasks.resident)
            fullest["queued"] = max(fullest["queued"], health.journal.queued)

        async def submit(number: int) -> None:
            submitting["now"] += 1
            submitting["most"] = max(submitting["most"], submitting["now"])
            ids.append(await engine.submit(TaskRequest(name="load", context={"n": number})))
            submitting["now"] -= 1
            look()

        async with anyio.create_task_group() as group:
            for number in range(count):
                group.start_soon(submit, number)
        for task_id in ids:
            assert (await engine.wait(task_id)).state == "complete"
            look()
        counts = await engine.count_tasks()
        said = {
            **fullest,
            "submitting": submitting["most"],
            "grown": memory() - before,
            "counts": counts,
            "ids": len(set(ids)),
            "left": engine.health().tasks.resident,
            "appends": engine.health().journal.appends,
            "commits": engine.health().journal.commits,
        }
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], int(sys.argv[2]))
