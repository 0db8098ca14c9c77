"""Tasker: workflows that finish, inside your asyncio application."""

from typing import TYPE_CHECKING, Any

from tasker.actors.workflow.plan import Backoff
from tasker.config import EngineConfig
from tasker.definitions.definition import Definition
from tasker.definitions.python import DefinitionBuilder, define
from tasker.engine import Engine
from tasker.errors import (
    DuplicateTaskError,
    PermanentError,
    RetryableError,
    TaskerError,
    TaskFailedError,
)
from tasker.handlers import Sequence, Step, StepHandler, Task, TaskHandler
from tasker.reading import TaskQuery
from tasker.request import TaskRequest
from tasker.stores.records import StepState, TaskState
from tasker.task_view import StepView, TaskView

if TYPE_CHECKING:
    from tasker.handlers.api import ApiStepHandler

__all__ = [
    "ApiStepHandler",
    "Backoff",
    "Definition",
    "DefinitionBuilder",
    "DuplicateTaskError",
    "Engine",
    "EngineConfig",
    "PermanentError",
    "RetryableError",
    "Sequence",
    "Step",
    "StepHandler",
    "StepState",
    "StepView",
    "Task",
    "TaskFailedError",
    "TaskHandler",
    "TaskQuery",
    "TaskRequest",
    "TaskState",
    "TaskView",
    "TaskerError",
    "define",
]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # Late: httpx takes longer to import than the rest of Tasker together.
    if name == "ApiStepHandler":
        from tasker.handlers.api import ApiStepHandler

        return ApiStepHandler
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
