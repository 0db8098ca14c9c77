"""What `measure` found, for people and for programs."""

from __future__ import annotations

from msgspec import Struct

from tasker.bench.limits import Evidence
from tasker.bench.load import Load
from tasker.bench.machine import Machine


class Level(Struct, frozen=True, kw_only=True):
    """The load at one concurrency, with its rates, which the load has as properties."""

    load: Load
    tasks_per_second: float
    steps_per_second: float


class Report(Struct, frozen=True, kw_only=True):
    """The load at each concurrency, and what limits the best of them."""

    definition: str
    store: str
    machine: Machine
    levels: tuple[Level, ...]
    best: Level
    evidence: Evidence
    peak_mib: float

    def text(self) -> str:
        """Return the report as text; its last line says what limits it."""
        best = self.best
        lines = [
            f"{self.definition} on {self.store}",
            *self.machine.lines(),
            "",
            "in flight    tasks/s    steps/s     p50 ms     p95 ms     p99 ms  failed",
            *(_line(level) for level in self.levels),
            "",
            f"Best: {best.tasks_per_second:,.0f} tasks/s ({best.steps_per_second:,.0f} steps/s) "
            f"with {best.load.concurrency} in flight, at {best.load.latency.p50_ms:.1f} ms in the "
            f"middle and {best.load.latency.p99_ms:.1f} ms for 1 in 100; "
            f"{self.peak_mib:.0f} MiB of memory at most.",
            "",
            *self.evidence.lines,
            "",
            self.evidence.sentence,
        ]
        return "\n".join(lines)


def _line(level: Level) -> str:
    load = level.load
    waits = load.latency
    return (
        f"{load.concurrency:>9}  {level.tasks_per_second:>9,.0f}  {level.steps_per_second:>9,.0f}"
        f"  {waits.p50_ms:>9.2f}  {waits.p95_ms:>9.2f}  {waits.p99_ms:>9.2f}  {load.failed:>6}"
    )
