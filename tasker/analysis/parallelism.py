"""How much of a task can run at once, and how much does."""

from __future__ import annotations

from msgspec import Struct

from tasker.actors.workflow.state import Standing
from tasker.analysis.antichain import widest
from tasker.analysis.facts import TaskFacts
from tasker.analysis.timeline import Timeline


class LevelParallelism(Struct, frozen=True, kw_only=True):
    """The steps at one distance from the roots.

    ``parallelism_potential`` is High where several of them are ready, Medium where one
    is, else Low. ``bottleneck_risk`` is High where more than half wait for a dependency,
    else Low.
    """

    level: int
    total_steps: int
    ready_steps: int
    running_steps: int
    blocked_steps: int
    error_steps: int
    completed_steps: int
    step_names: tuple[str, ...]
    parallelism_potential: str
    bottleneck_risk: str


class Parallelism(Struct, frozen=True, kw_only=True):
    """What can run at once.

    Attributes:
        total_steps: All steps.
        total_levels: Distances from the roots that there are.
        max_parallel_steps: The most steps on one level.
        widest_parallel_steps: The most steps of which none depends on another, on one
            level or not: more can never run at once, whatever each of them takes.
        current_parallel_opportunities: Steps that are ready.
        blocked_parallel_opportunities: Steps that wait for a dependency.
        overall_completion: Percentage of the steps that are done.
        parallelism_efficiency: Percentage of the levels on which several steps are
            ready, one decimal.
        mean_running_steps: Steps that ran at once, averaged over the time in which any
            did; None without a history or before anything ran.
        levels: Each level.
    """

    total_steps: int
    total_levels: int
    max_parallel_steps: int
    widest_parallel_steps: int
    current_parallel_opportunities: int
    blocked_parallel_opportunities: int
    overall_completion: float
    parallelism_efficiency: float
    mean_running_steps: float | None
    levels: tuple[LevelParallelism, ...]


def find_parallelism(facts: TaskFacts, timeline: Timeline | None = None) -> Parallelism:
    """Return how much of a task can run at once, and how much did."""
    levels = tuple(_level(facts, number) for number in range(len(facts.shape.levels)))
    several = sum(level.ready_steps > 1 for level in levels)
    return Parallelism(
        total_steps=len(facts.steps),
        total_levels=len(levels),
        max_parallel_steps=max((level.total_steps for level in levels), default=0),
        widest_parallel_steps=len(widest(facts.shape)),
        current_parallel_opportunities=sum(step.ready for step in facts.steps),
        blocked_parallel_opportunities=sum(step.blocked for step in facts.steps),
        overall_completion=facts.status.completion_percentage,
        parallelism_efficiency=round(100.0 * several / len(levels), 1) if levels else 0.0,
        mean_running_steps=None if timeline is None else timeline.mean_running_steps,
        levels=levels,
    )


def _level(facts: TaskFacts, number: int) -> LevelParallelism:
    steps = [facts.steps[at] for at in facts.shape.levels[number]]
    ready = sum(step.ready for step in steps)
    blocked = sum(step.blocked for step in steps)
    return LevelParallelism(
        level=number,
        total_steps=len(steps),
        ready_steps=ready,
        running_steps=sum(step.stands is Standing.RUNNING for step in steps),
        blocked_steps=blocked,
        error_steps=sum(step.failed for step in steps),
        completed_steps=sum(step.done for step in steps),
        step_names=tuple(step.name for step in steps),
        parallelism_potential="High" if ready > 1 else "Medium" if ready else "Low",
        bottleneck_risk="High" if blocked > len(steps) / 2 else "Low",
    )
