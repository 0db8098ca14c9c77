"""Finds the steps that have just become a bottleneck of their task."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tasker.analysis.config import AnalysisConfig
from tasker.analysis.detection import detect_bottlenecks
from tasker.analysis.shape import Shape
from tasker.events.decided import Decided
from tasker.stores.records import StepState

MOST_SHAPES = 64
"""Graphs that are kept, since to make one is the costly part."""
_HOLDING_UP = (StepState.ERROR, StepState.CANCELLED)


class BottleneckFinder:
    """Looks at decisions in which steps failed or were cancelled.

    Args:
        config: The weights, by which impact and severity are told.
    """

    def __init__(self, config: AnalysisConfig) -> None:
        self._config = config
        self._shapes: dict[str, Shape] = {}

    def found(self, decided: Decided) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield, worst first, the number of the transition and the facts of each."""
        numbers = {
            each.step: number
            for number, each in enumerate(decided.transitions)
            if each.step is not None and each.to_state in _HOLDING_UP
        }
        if not numbers:
            return
        shape = self._shape(decided)
        for each in detect_bottlenecks(decided.state, decided.at, config=self._config, shape=shape):
            if each.step in numbers:
                yield (
                    numbers[each.step],
                    {
                        "step": each.step,
                        "current_state": str(each.current_state),
                        "attempts": each.attempts,
                        "retry_limit": each.retry_limit,
                        "downstream_steps_count": each.downstream_steps_count,
                        "blocked_downstream_count": each.blocked_downstream_count,
                        "impact_score": each.impact_score,
                        "severity": str(each.severity),
                        "bottleneck_type": each.bottleneck_type,
                        "resolution_strategy": each.resolution_strategy,
                    },
                )

    def _shape(self, decided: Decided) -> Shape:
        plan = decided.state.plan
        shape = self._shapes.get(plan.definition_hash)
        if shape is None:
            if len(self._shapes) >= MOST_SHAPES:
                del self._shapes[next(iter(self._shapes))]
            shape = Shape.of(dict(zip(plan.index, plan.parents, strict=True)))
            self._shapes[plan.definition_hash] = shape
        return shape
