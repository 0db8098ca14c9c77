"""How every contender among peers is driven, Tasker included.

The standard library alone: this runs in the environment of each peer. A peer gives
one function, which runs so many tasks of a shape with so many in flight; how many
tasks, and how many in flight, is decided here, the same way for all.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHAIN_STEPS = 5
FANOUT_STEPS = 100
STEPS = {"diamond": 4, "chain": CHAIN_STEPS, "fanout": FANOUT_STEPS + 2}
TOTAL_SECONDS = 20.0
LATENCY_TASKS = 10

Run = Callable[[str, int, int], None]
"""Of a shape (1st), run so many tasks (2nd) with so many in flight (3rd), to the last one's end."""


@dataclass(frozen=True)
class Order:
    """What is wanted, and where data may be kept."""

    directory: Path
    answer: Path
    quick: bool
    options: Mapping[str, Any]


def read_order() -> Order:
    """Return the order that the process was started with."""
    given = json.loads(Path(sys.argv[1]).read_text())
    directory = Path(given["directory"], str(given["repeat"]))
    directory.mkdir()
    return Order(
        directory=directory,
        answer=Path(given["answer"]),
        quick=given["settings"]["quick"],
        options=given["contender"]["options"],
    )


def contend(
    order: Order, run: Run, *, in_flight: tuple[int, ...], facts: Mapping[str, str]
) -> None:
    """Measure each shape at each concurrency, keep the best of each shape, and answer.

    Args:
        order: What the process was started with.
        run: The peer.
        in_flight: The concurrencies that suit it.
        facts: How it is configured, and its version.
    """
    metrics: dict[str, float] = {}
    best_at: dict[str, str] = {}
    tries = in_flight[:1] if order.quick else in_flight
    slot = 0.05 if order.quick else TOTAL_SECONDS / (len(STEPS) * len(tries))
    for shape, steps in STEPS.items():
        run(shape, 1, 1)
        # What is imported by now is not looked at again.
        gc.collect()
        gc.freeze()
        if shape == "diamond":
            metrics["diamond_one_ms"] = _one_ms(run, 2 if order.quick else LATENCY_TASKS)
        rates = {concurrency: _rate(run, shape, concurrency, slot) for concurrency in tries}
        best = max(rates, key=lambda concurrency: rates[concurrency])
        metrics[f"{shape}_steps_per_second"] = rates[best] * steps
        best_at[shape] = f"{best}"
    metrics["peak_rss_mib"] = peak_mib(os.getpid())
    flights = ", ".join(f"{shape} {best}" for shape, best in best_at.items())
    answer = {"metrics": metrics, "facts": {**facts, "best in flight": flights}}
    order.answer.write_text(json.dumps(answer))


def peak_mib(pid: int) -> float:
    """Return the most memory that a process has held; 0 where the system does not tell."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def _one_ms(run: Run, tasks: int) -> float:
    began = time.perf_counter()
    run("diamond", tasks, 1)
    return (time.perf_counter() - began) / tasks * 1e3


def _rate(run: Run, shape: str, in_flight: int, seconds: float) -> float:
    """Return tasks a second, from as many tasks as take about so long.

    One task tells how many to begin with, those how many to measure: a peer may be
    a thousand times faster than another, and both must fit into the time.
    """
    one = _timed(run, shape, 1, 1)
    tasks = max(1, min(in_flight, int(seconds / one)))
    took = _timed(run, shape, tasks, in_flight)
    if took < seconds / 2:
        tasks = max(in_flight, int(tasks / took * (seconds - took)))
        took = _timed(run, shape, tasks, in_flight)
    return tasks / took


def _timed(run: Run, shape: str, tasks: int, in_flight: int) -> float:
    began = time.perf_counter()
    run(shape, tasks, in_flight)
    return max(time.perf_counter() - began, 1e-9)
