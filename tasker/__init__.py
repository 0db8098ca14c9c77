"""Tasker: workflows that finish, inside your asyncio application."""

from typing import TYPE_CHECKING

from tasker.lazy import lazy_names

if TYPE_CHECKING:
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
    from tasker.events.event import Event
    from tasker.events.subscriber import BaseSubscriber
    from tasker.events.webhooks import WebhookSubscriber
    from tasker.handlers import Sequence, Step, StepHandler, Task, TaskHandler
    from tasker.handlers.api import ApiStepHandler
    from tasker.reading import AuditQuery, TaskQuery
    from tasker.request import TaskRequest
    from tasker.stores.records import StepState, TaskState
    from tasker.task_view import StepView, TaskView

__all__ = [
    "ApiStepHandler",
    "AuditQuery",
    "Backoff",
    "BaseSubscriber",
    "Definition",
    "DefinitionBuilder",
    "DuplicateTaskError",
    "Engine",
    "EngineConfig",
    "Event",
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
    "WebhookSubscriber",
    "define",
]

__version__ = "0.1.0"

# A name's module is imported when the name is first asked for: a command line that
# only prints its help, or an application that needs one class, waits for no more.
_HOMES = {
    "tasker.actors.workflow.plan": ("Backoff",),
    "tasker.config": ("EngineConfig",),
    "tasker.definitions.definition": ("Definition",),
    "tasker.definitions.python": ("DefinitionBuilder", "define"),
    "tasker.engine": ("Engine",),
    "tasker.errors": (
        "DuplicateTaskError",
        "PermanentError",
        "RetryableError",
        "TaskFailedError",
        "TaskerError",
    ),
    "tasker.events.event": ("Event",),
    "tasker.events.subscriber": ("BaseSubscriber",),
    "tasker.events.webhooks": ("WebhookSubscriber",),
    "tasker.handlers": ("Sequence", "Step", "StepHandler", "Task", "TaskHandler"),
    "tasker.handlers.api": ("ApiStepHandler",),
    "tasker.reading": ("AuditQuery", "TaskQuery"),
    "tasker.request": ("TaskRequest",),
    "tasker.stores.records": ("StepState", "TaskState"),
    "tasker.task_view": ("StepView", "TaskView"),
}

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
