"""Finds the steps that have just become a bottleneck of their task."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tasker.analysis.config import AnalysisConfig
from tasker.analysis.detection import bottlenecks_among
from tasker.analysis.shape import Shape
from tasker.events.decided import Decided

MOST_SHAPES = 64
"""Graphs that are kept, since to make one is the costly part."""


class BottleneckFinder:
    """Looks at tasks of which steps have just failed, or were cancelled.

    Args:
        config: The weights, by which impact and severity are told.
    """

    def __init__(self, config: AnalysisConfig) -> None:
        self._config = config
        self._shapes: dict[str, Shape] = {}

    def found(self, decided: Decided, steps: Iterable[str]) -> Iterator[dict[str, Any]]:
        """Yield the facts of those of the steps that are one."""
        state = decided.state
        indexes = [state.plan.index[name] for name in steps]
        shape = self._shape(decided)
        for each in bottlenecks_among(state, indexes, decided.at, shape, self._config):
            yield {
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
            }

    def _shape(self, decided: Decided) -> Shape:
        plan = decided.state.plan
        shape = self._shapes.get(plan.definition_hash)
        if shape is None:
            if len(self._shapes) >= MOST_SHAPES:
                del self._shapes[next(iter(self._shapes))]
            shape = Shape.of(dict(zip(plan.index, plan.parents, strict=True)))
            self._shapes[plan.definition_hash] = shape
        return shape
