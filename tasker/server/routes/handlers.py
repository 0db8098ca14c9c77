"""The handlers that tasks can be made of: definitions by namespace, name and version."""

from __future__ import annotations

from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, Parameter

from tasker.analysis.template import analyze_definition
from tasker.definitions.definition import Definition
from tasker.definitions.version import latest, sort_versions
from tasker.errors import UnknownDefinitionError
from tasker.handlers.binding import BoundDefinition
from tasker.server.answering import guarded
from tasker.server.errors import NotFoundError
from tasker.server.shapes.handlers import (
    Handler,
    HandlerSummary,
    Namespace,
    NamespaceHandlers,
    Namespaces,
    StepTemplate,
)
from tasker.server.sidecar import Sidecar


@get(
    "/handlers",
    operation_id="listNamespaces",
    tags=["handlers"],
    summary="List the namespaces",
    **guarded("tasker.handler:index"),
)
async def list_namespaces(sidecar: NamedDependency[Sidecar]) -> Namespaces:
    """Return the namespaces that hold handlers, and those that were made by hand."""
    registry = sidecar.engine.registry
    described = {each.name: each.description for each in await sidecar.engine.catalog.namespaces()}
    names: dict[str, list[str]] = {name: [] for name in {*described, *registry.namespaces()}}
    for bound in registry.list():
        known = names.setdefault(bound.definition.namespace, [])
        if bound.definition.name not in known:
            known.append(bound.definition.name)
    found = tuple(
        Namespace(
            name=name,
            description=described.get(name, ""),
            handler_count=len(handlers),
            handlers=tuple(handlers),
        )
        for name, handlers in sorted(names.items())
    )
    return Namespaces(namespaces=found, total_namespaces=len(found))


@get(
    "/handlers/{namespace:str}",
    operation_id="listHandlersInNamespace",
    tags=["handlers"],
    summary="List the handlers of a namespace",
    **guarded("tasker.handler:index", 404),
)
async def list_handlers(
    namespace: FromPath[str], sidecar: NamedDependency[Sidecar]
) -> NamespaceHandlers:
    """Return the handlers of a namespace, each with its versions."""
    by_name: dict[str, list[Definition]] = {}
    for bound in sidecar.engine.registry.list(namespace):
        by_name.setdefault(bound.definition.name, []).append(bound.definition)
    if not by_name:
        known = {each.name for each in await sidecar.engine.catalog.namespaces()}
        if namespace not in known:
            raise NotFoundError(kind="namespace", name=namespace)
    found = tuple(HandlerSummary.of(definitions) for definitions in by_name.values())
    return NamespaceHandlers(namespace=namespace, handlers=found, total_handlers=len(found))


@get(
    "/handlers/{namespace:str}/{name:str}",
    operation_id="getHandler",
    tags=["handlers"],
    summary="Show a handler",
    **guarded("tasker.handler:show", 404, 422),
)
async def show_handler(
    namespace: FromPath[str],
    name: FromPath[str],
    sidecar: NamedDependency[Sidecar],
    version: FromQuery[Annotated[str | None, Parameter(max_length=255, required=False)]] = None,
) -> Handler:
    """Return a version of a handler with its dependency graph; `latest` unless one is named."""
    registry = sidecar.engine.registry
    bound = find_handler(sidecar, namespace, name, version)
    definition = bound.definition
    versions = [
        each.definition.version for each in registry.list(namespace) if each.definition.name == name
    ]
    return Handler(
        name=name,
        namespace=namespace,
        version=definition.version,
        full_name=definition.full_name,
        versions=tuple(sort_versions(versions)),
        latest_version=latest(versions),
        description=definition.description,
        hash=definition.hash,
        priority=definition.priority,
        schema=definition.schema,
        step_templates=tuple(StepTemplate.of(step, bound.masker) for step in definition.steps),
        dependency_graph=analyze_definition(definition),
    )


def find_handler(
    sidecar: Sidecar, namespace: str, name: str, version: str | None
) -> BoundDefinition:
    """Return a version of a handler, `latest` unless one is named; raises `NotFoundError`."""
    registry = sidecar.engine.registry
    try:
        return registry.get(name, namespace, version)
    except UnknownDefinitionError as error:
        if namespace not in registry.namespaces():
            raise NotFoundError(kind="namespace", name=namespace) from error
        raise NotFoundError(
            kind="handler", name=f"{namespace}.{name}" + (f"@{version}" if version else "")
        ) from error


ROUTES = (list_namespaces, list_handlers, show_handler)
