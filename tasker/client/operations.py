"""The request that asks a server for each operation on a task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from msgspec import UNSET, Struct

from tasker.actors.workflow.messages import (
    Annotate,
    AnyOperation,
    Cancel,
    CancelStep,
    Pause,
    ResetAttempts,
    ResolveStep,
    ResolveTask,
    Resume,
    Retry,
    UpdateStep,
    UpdateTask,
)


class Route(Struct, frozen=True):
    """A method and the path below that of the task; ``answers_task`` says with what."""

    method: str
    path: str
    answers_task: bool = True


class Asked(Struct, frozen=True, kw_only=True):
    """A request: where it goes, and its body."""

    route: Route
    body: Mapping[str, Any]


def task_path(task_id: str) -> str:
    """Return the path of a task."""
    return f"/tasks/{quote(task_id, safe='')}"


def ask(operation: AnyOperation) -> Asked:
    """Return the request for an operation; what the server would fill in is left out."""
    route, fields = _ROUTES[type(operation)]
    named = {name: getattr(operation, field) for name, field in fields.items()}
    body = {
        name: value for name, value in named.items() if value is not None and value is not UNSET
    }
    found = route if isinstance(route, Route) else route(operation)
    return Asked(route=found, body=body)


def _of_step(method: str, action: str = "") -> Callable[[Any], Route]:
    def make(operation: Any) -> Route:
        path = f"/workflow_steps/{quote(operation.step, safe='')}{action}"
        return Route(method, path, answers_task=False)

    return make


_REASON = {"reason": "reason"}
# Each operation: its route, and the fields of the body by the operation's.
_ROUTES: Mapping[type, tuple[Route | Callable[[Any], Route], Mapping[str, str]]] = {
    Cancel: (Route("POST", "/cancel"), _REASON),
    Pause: (Route("POST", "/pause"), _REASON),
    Resume: (Route("POST", "/resume"), _REASON),
    Retry: (Route("POST", "/retry"), {"step": "step", **_REASON}),
    ResolveTask: (Route("POST", "/resolve"), _REASON),
    UpdateTask: (Route("PATCH", ""), {"reason": "task_reason", "tags": "tags"}),
    Annotate: (
        Route("POST", "/annotations", answers_task=False),
        {"type": "type", "annotation": "annotation"},
    ),
    CancelStep: (_of_step("POST", "/cancel"), _REASON),
    ResolveStep: (_of_step("POST", "/resolve"), {"results": "results", **_REASON}),
    ResetAttempts: (_of_step("POST", "/reset"), _REASON),
    UpdateStep: (
        _of_step("PATCH"),
        {"retry_limit": "retry_limit", "inputs": "inputs", **_REASON},
    ),
}
