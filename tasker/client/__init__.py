"""Tasks over HTTP: the verbs of an engine, spoken to a sidecar."""

from typing import TYPE_CHECKING

from tasker.lazy import lazy_names

if TYPE_CHECKING:
    from tasker.client.client import TaskerClient
    from tasker.client.config import ClientConfig
    from tasker.client.errors import (
        ClientClosedError,
        ClientConfigError,
        ClientError,
        ServerAnswerError,
        UnreachableServerError,
    )
    from tasker.client.streams import Gap

__all__ = [
    "ClientClosedError",
    "ClientConfig",
    "ClientConfigError",
    "ClientError",
    "Gap",
    "ServerAnswerError",
    "TaskerClient",
    "UnreachableServerError",
]

_HOMES = {
    "tasker.client.client": ("TaskerClient",),
    "tasker.client.config": ("ClientConfig",),
    "tasker.client.errors": (
        *("ClientClosedError", "ClientConfigError", "ClientError"),
        *("ServerAnswerError", "UnreachableServerError"),
    ),
    "tasker.client.streams": ("Gap",),
}

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
