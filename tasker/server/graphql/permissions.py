"""Which permission each field needs: what stands here under no name is denied."""

from __future__ import annotations

from collections.abc import Mapping

WITH_PARENT = ""
"""What a field needs that shows no more than whoever got so far may see."""


def _plain(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, WITH_PARENT)


_SHOW_TASK = "tasker.task:show"
_LIST_TASKS = "tasker.task:index"
_LIST_STEPS = "tasker.workflow_step:index"
_SHOW_HANDLER = "tasker.handler:show"
_LIST_TYPES = "tasker.annotation_type:index"
_SCHEMA = "tasker.documentation:show"

PERMISSIONS: Mapping[str, Mapping[str, str]] = {
    "Query": {
        "tasks": _LIST_TASKS,
        "tasksByStatus": _LIST_TASKS,
        "tasksByAnnotation": _LIST_TASKS,
        "taskConnection": _LIST_TASKS,
        "task": _SHOW_TASK,
        "step": "tasker.workflow_step:show",
        "annotationTypes": _LIST_TYPES,
        "namespaces": "tasker.handler:index",
        "handlers": "tasker.handler:index",
        "handler": _SHOW_HANDLER,
        "__schema": _SCHEMA,
        "__type": _SCHEMA,
    },
    "Mutation": {
        "createTask": "tasker.task:create",
        "updateTask": "tasker.task:update",
        "cancelTask": "tasker.task:cancel",
        "pauseTask": "tasker.task:pause",
        "resumeTask": "tasker.task:resume",
        "retryTask": "tasker.task:retry",
        "resolveTask": "tasker.task:resolve",
        "annotateTask": "tasker.task:annotate",
        "updateStep": "tasker.workflow_step:update",
        "cancelStep": "tasker.workflow_step:cancel",
        "retryStep": "tasker.workflow_step:retry",
        "resolveStep": "tasker.workflow_step:resolve",
    },
    "Subscription": {
        "taskChanged": _SHOW_TASK,
        "events": "tasker.event:index",
    },
    "TaskInterface": {
        **_plain("taskId", "status", "tags", "createdAt", "updatedAt"),
        "reason": _SHOW_TASK,
    },
    "Task": {
        **_plain("taskId", "status", "tags", "createdAt", "updatedAt", "name", "namespace"),
        **_plain("version", "fullName", "namedTaskId", "complete", "priority", "correlationId"),
        **_plain("startedAt", "endedAt"),
        # What the list of the HTTP API does not show either.
        **dict.fromkeys(
            (
                *("reason", "requestedAt", "initiator", "sourceSystem", "bypassSteps", "context"),
                *("identityHash", "wakeAt", "seq", "progress", "taskAnnotations"),
            ),
            _SHOW_TASK,
        ),
        "workflowSteps": _LIST_STEPS,
        "namedTask": _SHOW_HANDLER,
    },
    "WorkflowStep": {
        **_plain("workflowStepId", "taskId", "namedStepId", "name", "status", "description"),
        **_plain("handler", "retryable", "retryLimit", "skippable", "inProcess", "processed"),
        **_plain("processedAt", "attempts", "attemptsLeft", "lastAttemptedAt", "retryAt"),
        **_plain("backoffRequestSeconds", "queuedSeconds", "runSeconds", "inputs", "results"),
        **_plain("error", "createdAt", "updatedAt", "startedAt", "endedAt", "parentStepIds"),
        **_plain("childStepIds", "isRootStep", "isLeafStep", "parentCount", "childCount"),
        "task": _SHOW_TASK,
        "namedStep": _SHOW_HANDLER,
        "parents": _LIST_STEPS,
        "children": _LIST_STEPS,
    },
    "TaskAnnotation": {
        **_plain("taskAnnotationId", "taskId", "annotationTypeId", "annotation", "createdAt"),
        **_plain("updatedAt"),
        "task": _SHOW_TASK,
        "annotationType": _LIST_TYPES,
    },
    "AnnotationType": _plain("annotationTypeId", "name", "description"),
    "NamedTask": {
        **_plain("namedTaskId", "name", "namespace", "version", "description", "versions"),
        **_plain("latestVersion", "namedSteps"),
        **dict.fromkeys(("priority", "schema", "stepTemplates", "dependencyGraph"), _SHOW_HANDLER),
    },
    "NamedStep": _plain("namedStepId", "name", "description", "dependsOn", "dependentSystem"),
    "DependentSystem": _plain("name"),
    "Namespace": _plain("name", "description", "handlerCount", "handlers"),
    "TaskConnection": _plain("edges", "nodes", "pageInfo", "totalCount"),
    "TaskEdge": _plain("cursor", "node"),
    "PageInfo": _plain("hasNextPage", "endCursor"),
    "TaskPayload": _plain("task", "errors"),
    "StepPayload": _plain("step", "errors"),
    "Refusal": _plain("type", "code", "status", "message", "details"),
    "Event": _plain("eventId", "name", "at", "taskId", "data"),
}
"""By type and field. A ``Task`` within a mutation's payload is one like any other."""


def permission_for(type_name: str, field_name: str) -> str:
    """Return the permission that a field needs; one that nobody has for a field not known here."""
    if field_name == "__typename" or type_name.startswith("__"):
        return WITH_PARENT
    return PERMISSIONS.get(type_name, {}).get(field_name, f"{type_name}:{field_name}")
