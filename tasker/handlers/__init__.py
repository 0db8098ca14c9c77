"""What users write, and how it is run: steps, tasks and functions."""

from typing import TYPE_CHECKING, Any

from tasker.handlers.sequence import Sequence
from tasker.handlers.step import StepHandler
from tasker.handlers.task import StepSettings, TaskHandler
from tasker.handlers.views import Step, Task

if TYPE_CHECKING:
    from tasker.handlers.api import ApiStepHandler

__all__ = [
    "ApiStepHandler",
    "Sequence",
    "Step",
    "StepHandler",
    "StepSettings",
    "Task",
    "TaskHandler",
]


def __getattr__(name: str) -> Any:
    # Late, because httpx takes longer to import than all the rest of Tasker.
    if name == "ApiStepHandler":
        from tasker.handlers.api import ApiStepHandler

        return ApiStepHandler
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
