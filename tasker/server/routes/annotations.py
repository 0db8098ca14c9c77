"""Notes on tasks."""

from __future__ import annotations

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from tasker.server.answering import AnyRequest, guarded, who
from tasker.server.routes.operations import operator_for
from tasker.server.shapes.annotations import Annotations, AnnotationTypes
from tasker.server.shapes.requests import AnnotationBody
from tasker.server.sidecar import Sidecar


@get(
    "/tasks/{task_id:str}/annotations",
    operation_id="listAnnotations",
    tags=["annotations"],
    summary="List the annotations of a task",
    **guarded("tasker.task:show", 404),
)
async def list_annotations(
    task_id: FromPath[str], sidecar: NamedDependency[Sidecar]
) -> Annotations:
    """Return the notes on a task, oldest first."""
    return await _annotations(sidecar, task_id)


@post(
    "/tasks/{task_id:str}/annotations",
    operation_id="createAnnotation",
    tags=["annotations"],
    summary="Note something on a task",
    **guarded("tasker.task:annotate", 404, 412, 504, body=True, headers=("If-Match",)),
)
async def create_annotation(
    request: AnyRequest,
    task_id: FromPath[str],
    data: JSONBody[AnnotationBody],
    sidecar: NamedDependency[Sidecar],
) -> Annotations:
    """Note something on a task, and return all notes on it."""
    by = await who(request)
    await operator_for(request, sidecar).annotate(task_id, data.type, data.annotation, by=by)
    return await _annotations(sidecar, task_id)


@get(
    "/annotation_types",
    operation_id="listAnnotationTypes",
    tags=["annotations"],
    summary="List the types of annotations",
    **guarded("tasker.annotation_type:index"),
)
async def list_annotation_types(sidecar: NamedDependency[Sidecar]) -> AnnotationTypes:
    """Return the types of annotations, by name."""
    return AnnotationTypes(annotation_types=tuple(await sidecar.engine.catalog.annotation_types()))


async def _annotations(sidecar: Sidecar, task_id: str) -> Annotations:
    found = await sidecar.engine.annotations(task_id)
    return Annotations(task_id=task_id, annotations=tuple(found))


ROUTES = (list_annotations, create_annotation, list_annotation_types)
