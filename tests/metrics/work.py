"""Random work for tests of metrics, and what a store says came of it."""

from __future__ import annotations

import random
from collections import Counter

import anyio

from tasker import Backoff, Engine, EngineConfig, PermanentError, TaskRequest, define
from tasker.errors import InvalidOperationError
from tasker.reading import TaskQuery

CONFIG = EngineConfig(
    backoff=Backoff(delays=(0.005,), exponent=0.0, max_seconds=0.005),
    shutdown_seconds=0.0,
    max_resident_tasks=20,
    poll_seconds=0.05,
)
STEPS = ("split", "left", "right", "join")


async def act(task, step):
    """Do as the task's context says of this step: by attempt, what becomes of it."""
    plan = task.context["plan"][step.name]
    what = plan[min(step.attempt, len(plan)) - 1]
    if what == "fail":
        raise RuntimeError("again")
    if what == "give up":
        raise PermanentError("never")
    if what == "wait":
        await anyio.sleep(0.02)
    return step.attempt


def definition(version="1.0.0"):
    made = define("work", namespace="shop", version=version)
    for name, parents in (("split", ()), ("left", ("split",)), ("right", ("split",))):
        made.add_step(name, act, depends_on=parents, retry_limit=3, skippable=True)
    made.add_step("join", act, depends_on=("left", "right"), retry_limit=2)
    return made


def random_request(chance):
    plan = {
        name: [chance.choice(["ok", "ok", "ok", "fail", "wait"]) for _ in range(2)]
        + [chance.choice(["ok", "ok", "fail", "give up"])]
        for name in STEPS
    }
    return TaskRequest(
        name="work",
        namespace="shop",
        version=chance.choice(["1.0.0", "1.1.0"]),
        context={"plan": plan},
        bypass_steps=["left"] if chance.random() < 0.1 else [],
    )


async def run_some(engine, chance, tasks):
    """Submit tasks, operate on some of them meanwhile, and wait for most."""
    ids = [await engine.submit(random_request(chance)) for _ in range(tasks)]

    async def operate(task_id):
        await anyio.sleep(chance.random() * 0.05)
        what = chance.choice(["cancel", "pause", "retry", "resolve", "resolve_step", "no"])
        try:
            if what == "cancel":
                await engine.cancel(task_id)
            elif what == "pause":
                await engine.pause(task_id)
                await engine.resume(task_id)
            elif what in ("retry", "resolve", "resolve_step"):
                await engine.wait(task_id)
                if what == "retry":
                    await engine.retry(task_id)
                elif what == "resolve":
                    await engine.resolve_task(task_id)
                else:
                    await engine.resolve_step(task_id, chance.choice(STEPS), results=0)
        except InvalidOperationError:
            pass  # Chance asked for what that state does not allow.

    async with anyio.create_task_group() as group:
        for task_id in chance.sample(ids, tasks // 2):
            group.start_soon(operate, task_id)
    for task_id in chance.sample(ids, tasks // 2):
        await engine.wait(task_id)


async def run_each(engine):
    """Run tasks that come to each end for certain: chance may leave one out."""

    async def submit(**plan):
        steps = {name: ["ok"] for name in STEPS}
        asked = {"plan": {**steps, **plan}}
        request = TaskRequest(name="work", namespace="shop", version="1.0.0", context=asked)
        return await engine.submit(request)

    await engine.wait(await submit())
    await engine.cancel(await submit(split=["wait"]))
    for operate in (engine.resolve_task, engine.retry):
        task_id = await submit(join=["give up"])
        await engine.wait(task_id)
        await operate(task_id)


async def told_by(engine: Engine) -> Counter:
    """Count what a store's histories say, as the metrics should: by name and labels."""
    found: Counter = Counter()
    cursor = None
    while True:
        page = await engine.list_tasks(TaskQuery(), cursor=cursor, limit=500)
        for task in page.tasks:
            await _count(engine, task, found)
        cursor = page.next_cursor
        if cursor is None:
            return found


_TASK = {
    "complete": "completed",
    "error": "failed",
    "cancelled": "cancelled",
    "resolved_manually": "resolved",
}


async def _count(engine, task, found):
    of = (task.namespace, task.name, task.version)
    for entry in await engine.history(task.task_id):
        new = entry.to_state
        if entry.step is None:
            if entry.from_state is None:
                found["tasker_tasks_submitted_total", *of] += 1
            elif (entry.from_state, new) == ("pending", "in_progress"):
                found["tasker_tasks_started_total", *of] += 1
            elif new == "pending":
                found["tasker_tasks_retried_total", *of] += 1
            elif new in _TASK:
                found[f"tasker_tasks_{_TASK[new]}_total", *of] += 1
                continue
        elif new == "in_progress":
            found["tasker_steps_started_total", *of, entry.step] += 1
            found["tasker_steps_retried_total", *of, entry.step] += entry.attempt > 1
        elif new in _TASK:
            found[f"tasker_steps_{_TASK[new]}_total", *of, entry.step] += 1
            lost = entry.detail.get("error_class") == "AttemptLost"
            found["tasker_steps_lost_total", *of, entry.step] += lost


def counted(engine: Engine) -> Counter:
    """The counters of tasks and steps, in the same shape; those at 0 are left out."""
    found: Counter = Counter()
    for series in engine.metrics.snapshot().metrics:
        labels = series.labels
        if series.type == "counter" and "namespace" in labels and "backoff" not in series.name:
            of = [
                labels[name] for name in ("namespace", "name", "version", "step") if name in labels
            ]
            found[series.name, *of] += int(series.value or 0)
    return +found


def seeded(seed):
    return random.Random(seed)
