"""Figures over the tasks in a store; `Engine.statistics` and `Engine.performance` give them."""

from tasker.statistics.durations import Bucket, Distribution
from tasker.statistics.figures import (
    BlockingFigures,
    BlockingStep,
    DefinitionFigures,
    ErrorPattern,
    NamedStepFigures,
    Performance,
    Period,
    Statistics,
    StepFigures,
    StepRun,
    TaskFigures,
    TaskRun,
    Window,
)

__all__ = [
    "BlockingFigures",
    "BlockingStep",
    "Bucket",
    "DefinitionFigures",
    "Distribution",
    "ErrorPattern",
    "NamedStepFigures",
    "Performance",
    "Period",
    "Statistics",
    "StepFigures",
    "StepRun",
    "TaskFigures",
    "TaskRun",
    "Window",
]
