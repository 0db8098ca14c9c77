"""The same figures by brute force: everything in lists, one figure after the other.

It reads by the engine's ordinary calls, and shares no code with what it checks but
the names of the states.
"""

import math
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from tasker.stores import StepState, TaskFilter, TaskState

REST = {"complete", "error", "cancelled", "resolved_manually"}
DONE = {"complete", "resolved_manually"}
BOUNDS = [0.1, 1, 10, 60, 600, 3600, math.inf]


class Everything:
    """All that a store holds of the tasks that match."""

    def __init__(self) -> None:
        self.tasks: list[Any] = []
        self.steps: list[tuple[Any, Any]] = []
        self.failures: list[tuple[Any, Any]] = []
        self.needed: dict[str, dict[str, set[str]]] = {}

    @classmethod
    async def read(cls, store: Any, where: TaskFilter) -> Any:
        found = cls()
        page = await store.list_tasks(where, limit=100_000)
        for summary in page.tasks:
            snapshot = await store.get_task(summary.task_id)
            found.tasks.append(snapshot.task)
            found.steps += [(snapshot.task, step) for step in snapshot.steps]
            found.failures += [
                (snapshot.task, entry)
                for entry in await store.history(summary.task_id)
                if entry.step is not None and entry.to_state == "error"
            ]
            hash = summary.definition_hash
            if hash not in found.needed:
                record = await store.get_definition(hash)
                body = {"steps": []} if record is None else msgspec.json.decode(record.body)
                found.needed[hash] = {s["name"]: set(s["depends_on"]) for s in body["steps"]}
        return found

    def steps_of(self, task: Any) -> dict[str, Any]:
        return {step.name: step for owner, step in self.steps if owner is task}


def us(at: float) -> int:
    """A whole microsecond, by way of exact fractions."""
    return math.floor(at * 1e6 + 0.5)


def length(start: float, end: float) -> float:
    return max(0, us(end) - us(start)) / 1e6


def distribution(values: list[float]) -> dict[str, Any]:
    ordered = sorted(values)
    if not ordered:
        empty: dict[str, Any] = dict.fromkeys(
            ["mean_seconds", "p50_seconds", "p95_seconds", "p99_seconds", "max_seconds"]
        )
        return {"count": 0, "total_seconds": 0.0} | empty
    total = math.fsum(ordered)
    return {
        "count": len(ordered),
        "total_seconds": total,
        "mean_seconds": total / len(ordered),
        "max_seconds": ordered[-1],
    } | {f"p{p}_seconds": ordered[math.ceil(len(ordered) * p / 100) - 1] for p in (50, 95, 99)}


def full(task: Any) -> dict[str, str]:
    return {"namespace": task.namespace, "name": task.name, "version": task.version}


def key(task: Any) -> tuple[str, str, str]:
    return task.namespace, task.name, task.version


def ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def instant(at: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us(at))


def ends(all_: Everything, task: Any) -> dict[str, int]:
    begun = begin(all_, task)
    return {
        name: begun if step.ended_at is None else us(step.ended_at)
        for name, step in all_.steps_of(task).items()
        if step.state in DONE
    }


def begin(all_: Everything, task: Any) -> int:
    known = [us(s.ready_at) for s in all_.steps_of(task).values() if s.ready_at is not None]
    known += [us(task.started_at)] if task.started_at is not None else []
    return min(known) if known else us(task.created_at)


def queued(all_: Everything, task: Any, step: Any) -> float | None:
    if step.state not in ("in_progress", "complete", "error"):
        return None
    if step.ready_at is None or step.started_at is None:
        return None
    over = ends(all_, task)
    parents = all_.needed[task.definition_hash].get(step.name, set())
    ready = max([us(step.ready_at), *(over[name] for name in parents if name in over)])
    return max(0, us(step.started_at) - ready) / 1e6


def ran(step: Any) -> float | None:
    if step.state not in ("complete", "error") or None in (step.started_at, step.ended_at):
        return None
    return length(step.started_at, step.ended_at)


def waits(all_: Everything) -> list[tuple[Any, str, str, float]]:
    """Tasks, who waited, for whom, and how long."""
    found = []
    for task in all_.tasks:
        needed, over, begun = all_.needed[task.definition_hash], ends(all_, task), begin(all_, task)
        for dependent, parents in needed.items():
            if not parents or not parents <= over.keys():
                continue
            last = sorted(parents, key=lambda name: (over[name], name))[-1]
            before = [over[name] for name in needed[last] if name in over] or [begun]
            free = max([*before, *(over[name] for name in parents - {last})])
            if over[last] > free:
                found.append((task, dependent, last, (over[last] - free) / 1e6))
    return found


def grouped(all_: Everything, found: list[Any], which: int, top: int) -> list[dict[str, Any]]:
    groups = defaultdict(list)
    for wait in found:
        groups[key(wait[0]), wait[which]].append((wait[3], wait[0].task_id, wait[0]))
    told: list[dict[str, Any]] = [
        full(group[0][2])
        | {
            "step": step,
            "waits": len(group),
            "total_seconds": math.fsum(each[0] for each in group),
            "mean_seconds": math.fsum(each[0] for each in group) / len(group),
            "max_seconds": max(each[0] for each in group),
            "longest_task_id": min(
                each[1] for each in group if each[0] == max(other[0] for other in group)
            ),
        }
        for (_, step), group in groups.items()
    ]
    return sorted(
        told,
        key=lambda each: (
            -round(each["total_seconds"] * 1e6),
            (each["namespace"], each["name"], each["version"]),
            each["step"],
        ),
    )[:top]


def step_run(all_: Everything, task: Any, step: Any) -> dict[str, Any]:
    return full(task) | {
        "task_id": task.task_id,
        "step": step.name,
        "state": step.state.value,
        "attempts": step.attempts,
        "queue_seconds": queued(all_, task, step),
        "run_seconds": ran(step),
    }


def task_run(all_: Everything, task: Any) -> dict[str, Any]:
    steps = all_.steps_of(task).values()
    return full(task) | {
        "task_id": task.task_id,
        "state": task.state.value,
        "run_seconds": length(task.started_at, task.ended_at),
        "total_seconds": length(task.created_at, task.ended_at),
        "steps": len(all_.needed[task.definition_hash]) or len(steps),
        "completed_steps": sum(step.state == "complete" for step in steps),
        "error_steps": sum(step.state == "error" for step in steps),
        "attempts": sum(step.attempts for step in steps),
        "created_at": instant(task.created_at),
        "started_at": instant(task.started_at),
        "ended_at": instant(task.ended_at),
        "initiator": task.initiator,
        "source_system": task.source_system,
    }


def rates(tasks: list[Any]) -> dict[str, Any]:
    resting = [task for task in tasks if task.state in REST]
    return {
        "completion_rate": ratio(sum(task.state in DONE for task in resting), len(resting)),
        "error_rate": ratio(sum(task.state == "error" for task in resting), len(resting)),
    }


def measured(tasks: list[Any]) -> list[Any]:
    return [
        task
        for task in tasks
        if task.state in ("complete", "error") and None not in (task.started_at, task.ended_at)
    ]


def statistics(all_: Everything, where: TaskFilter, now: float, top: int) -> dict[str, Any]:
    """Return the figures as plain data."""
    until = now if where.created_until is None else where.created_until
    since = where.created_from
    if since is None and all_.tasks:
        since = min(task.created_at for task in all_.tasks)
    seconds = 0.0 if since is None else length(since, min(until, now))
    hours = seconds / 3600
    in_time = [
        task
        for task in all_.tasks
        if task.state in REST and task.ended_at is not None and us(task.ended_at) < us(until)
    ]
    taken = measured(all_.tasks)
    runs = [length(task.started_at, task.ended_at) for task in taken]
    steps = [step for _, step in all_.steps]
    retried = [(task, step) for task, step in all_.steps if step.attempts > 1]
    recovered = sum(step.state == "complete" for _, step in retried)
    lost = sum(step.state == "error" and task.state in REST for task, step in retried)
    found = waits(all_)
    lengths = [each[3] for each in found]
    return {
        "generated_at": instant(now),
        "period": {
            "since": None if since is None else instant(since),
            "until": instant(until),
            "seconds": seconds,
        },
        "definitions": len({key(task) for task in all_.tasks}),
        "tasks": {
            "created": len(all_.tasks),
            "states": dict(Counter(task.state.value for task in all_.tasks)),
            "at_rest": sum(task.state in REST for task in all_.tasks),
            "created_per_hour": ratio(len(all_.tasks), hours),
            "throughput_per_hour": ratio(len(in_time), hours),
            "run": distribution(runs),
            "total": distribution([length(task.created_at, task.ended_at) for task in taken]),
            "run_buckets": [
                {
                    "at_most_seconds": None if bound == math.inf else bound,
                    "count": sum(low < run <= bound for run in runs),
                }
                for low, bound in zip([-1, *BOUNDS], BOUNDS, strict=False)
            ],
            **rates(all_.tasks),
        },
        "steps": {
            "recorded": len(steps),
            "states": dict(Counter(step.state.value for step in steps)),
            "attempts": sum(step.attempts for step in steps),
            "retries": sum(step.attempts - 1 for _, step in retried),
            "retried": len(retried),
            "recovered": recovered,
            "retry_success_rate": ratio(recovered, recovered + lost),
            "failed_attempts": len(all_.failures),
            "error_rate": ratio(len(all_.failures), sum(step.attempts for step in steps)),
            "throughput_per_hour": ratio(
                sum(
                    step.state == "complete"
                    and None not in (step.started_at, step.ended_at)
                    and us(step.ended_at) < us(until)
                    for step in steps
                ),
                hours,
            ),
            "queue": distribution(
                [q for task, step in all_.steps if (q := queued(all_, task, step)) is not None]
            ),
            "run": distribution([r for step in steps if (r := ran(step)) is not None]),
        },
        "by_definition": by_definition(all_, top),
        "by_step": by_step(all_, top),
        "slowest_tasks": [
            task_run(all_, task)
            for task in sorted(
                taken, key=lambda task: (-length(task.started_at, task.ended_at), task.task_id)
            )[:top]
        ],
        "slowest_steps": longest(all_, "run_seconds", top),
        "longest_waits": longest(all_, "queue_seconds", top),
        "errors": errors(all_, top),
        "blocking": {
            "waits": len(found),
            "total_seconds": math.fsum(lengths),
            "mean_seconds": ratio(math.fsum(lengths), len(lengths)),
            "blocking": grouped(all_, found, 2, top),
            "blocked": grouped(all_, found, 1, top),
        },
    }


def longest(all_: Everything, which: str, top: int) -> list[dict[str, Any]]:
    told = [step_run(all_, task, step) for task, step in all_.steps]
    told = [each for each in told if each[which] is not None]
    return sorted(told, key=lambda each: (-each[which], f"{each['task_id']}/{each['step']}"))[:top]


def by_definition(all_: Everything, top: int) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    for group in sorted({key(task) for task in all_.tasks}):
        tasks = [task for task in all_.tasks if key(task) == group]
        runs = [length(task.started_at, task.ended_at) for task in measured(tasks)]
        figures: dict[str, Any] = {"created": len(tasks), "run": distribution(runs)}
        told.append(full(tasks[0]) | figures | rates(tasks))
    return sorted(told, key=lambda each: -round(each["run"]["total_seconds"] * 1e6))[:top]


def by_step(all_: Everything, top: int) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    for group, name in sorted({(key(task), step.name) for task, step in all_.steps}):
        own = [(t, s) for t, s in all_.steps if key(t) == group and s.name == name]
        told.append(
            full(own[0][0])
            | {
                "step": name,
                "recorded": len(own),
                "attempts": sum(step.attempts for _, step in own),
                "retries": sum(max(0, step.attempts - 1) for _, step in own),
                "failed_attempts": sum(
                    key(task) == group and entry.step == name for task, entry in all_.failures
                ),
                "queue": distribution(
                    [q for task, step in own if (q := queued(all_, task, step)) is not None]
                ),
                "run": distribution([r for _, step in own if (r := ran(step)) is not None]),
            }
        )
    return sorted(told, key=lambda each: -round(each["run"]["total_seconds"] * 1e6))[:top]


def errors(all_: Everything, top: int) -> list[dict[str, Any]]:
    groups = defaultdict(list)
    for task, entry in all_.failures:
        detail = {} if entry.detail is None else msgspec.json.decode(entry.detail)
        kind = detail.get("error_class", "unknown")
        groups[kind].append((task, entry, detail.get("permanent", False)))
    told = []
    for kind, group in groups.items():
        latest = max((us(entry.at), task.task_id, entry.step) for task, entry, _ in group)
        told.append(
            {
                "error_class": kind,
                "failed_attempts": len(group),
                "share": len(group) / len(all_.failures),
                "permanent": sum(permanent for *_, permanent in group),
                "tasks": len({task.task_id for task, *_ in group}),
                "steps": len({(task.task_id, entry.step) for task, entry, _ in group}),
                "latest_at": instant(latest[0] / 1e6),
                "latest_task_id": latest[1],
                "latest_step": latest[2],
            }
        )
    return sorted(told, key=lambda each: (-each["failed_attempts"], each["error_class"]))[:top]


def window(all_: Everything, hours: float, now: float) -> dict[str, Any]:
    since = us(now) - hours * 3600 * 1e6
    tasks = [task for task in all_.tasks if us(task.created_at) >= since]
    ids = {task.task_id for task in tasks}
    steps = [step for task, step in all_.steps if task.task_id in ids]
    taken = [length(task.started_at, task.ended_at) for task in measured(tasks)]
    runs = [r for step in steps if (r := ran(step)) is not None]
    return {
        "hours": hours,
        "created": len(tasks),
        "task_throughput_per_hour": sum(task.state in REST for task in tasks) / hours,
        "step_throughput_per_hour": sum(s.state is StepState.COMPLETE for s in steps) / hours,
        "mean_task_seconds": ratio(math.fsum(taken), len(taken)),
        "mean_step_seconds": ratio(math.fsum(runs), len(runs)),
        **rates(tasks),
    }


def active(all_: Everything) -> int:
    return sum(task.state not in REST for task in all_.tasks)


def health(all_: Everything, now: float) -> float:
    states = [t.state for t in all_.tasks if us(t.created_at) >= us(now) - 3600 * 10**6]
    complete, error = states.count(TaskState.COMPLETE), states.count(TaskState.ERROR)
    return complete / (complete + error) if complete + error else 1.0
