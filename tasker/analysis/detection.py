"""Which bottlenecks of a task are severe enough to be told of."""

from __future__ import annotations

from collections.abc import Iterable

from tasker.actors.workflow.state import WorkflowState
from tasker.analysis.bottlenecks import Bottleneck, bottleneck, ranked_bottlenecks
from tasker.analysis.config import DEFAULTS, AnalysisConfig, Severity
from tasker.analysis.facts import TaskFacts, blocked_steps, is_over, step_facts
from tasker.analysis.shape import Shape

_ORDER = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW)


def detect_bottlenecks(
    state: WorkflowState,
    now: float,
    *,
    config: AnalysisConfig = DEFAULTS,
    least: Severity = Severity.HIGH,
    shape: Shape | None = None,
) -> tuple[Bottleneck, ...]:
    """Return the bottlenecks of a live task that are at least so severe, the worst first.

    It is a pure function of the state. It takes some milliseconds for each thousand steps,
    most of them for the shape, which all tasks of one plan share.

    Args:
        state: The task; it is only read.
        now: Unix seconds.
        config: The weights.
        least: The least severity that is returned.
        shape: ``Shape`` of the task's plan, from a caller who keeps it; made when None.
    """
    return _severe(ranked_bottlenecks(TaskFacts.of(state, now, shape), config), least)


def bottlenecks_among(
    state: WorkflowState,
    steps: Iterable[int],
    now: float,
    shape: Shape,
    config: AnalysisConfig = DEFAULTS,
    *,
    least: Severity = Severity.HIGH,
) -> tuple[Bottleneck, ...]:
    """Return those of some steps that have failed or were cancelled, and are so severe.

    As `detect_bottlenecks`, without looking at every step in full: cheap enough to ask at
    each failure of a great task.
    """
    if is_over(state):
        return ()
    blocked, found = blocked_steps(state), []
    for at in steps:
        step, below = step_facts(state, at, now), shape.downstream[at]
        if step.failed or step.stuck:
            waiting = (below & blocked).bit_count()
            found.append(bottleneck(step, below.bit_count(), waiting, now, config))
    return _severe(found, least)


def _severe(found: Iterable[Bottleneck], least: Severity) -> tuple[Bottleneck, ...]:
    allowed = _ORDER[: _ORDER.index(least) + 1]
    return tuple(each for each in found if each.severity in allowed)
