"""The OpenAPI document: what the framework finds in the routes, made exact by the Structs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec
from litestar import Litestar
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from msgspec import Struct

import tasker
from tasker.server.answering import HEADERS
from tasker.server.headers import HEADER_SCHEMAS
from tasker.server.shapes import requests

_TITLE = "Tasker"
_DESCRIPTION = (
    "Tasks, their steps, and how they stand. Every problem is an RFC 9457 problem detail; "
    "instants are RFC 3339, lengths of time are seconds."
)


def openapi_config() -> OpenAPIConfig:
    """Return what the framework makes the document with; it serves none itself."""
    return OpenAPIConfig(
        title=_TITLE,
        version=tasker.__version__,
        description=_DESCRIPTION,
        use_handler_docstrings=True,
        create_examples=False,
        render_plugins=[],
        components=Components(
            security_schemes={
                "bearer": SecurityScheme(type="http", scheme="bearer"),
                "token": SecurityScheme(
                    type="apiKey", name="X-API-Token", security_scheme_in="header"
                ),
            }
        ),
        security=[{}, {"bearer": []}, {"token": []}],
    )


def document(app: Litestar, server: str) -> dict[str, Any]:
    """Return the OpenAPI document of an application that is reached at ``server``."""
    made = {**app.openapi_schema.to_schema(), "servers": [{"url": server or "/"}]}
    schemas = {**made["components"]["schemas"], **_bodies()}
    made["components"] = {**made["components"], "schemas": schemas}
    headers = _headers_by_operation(app)
    made["paths"] = {
        path: {
            method: _with_headers(operation, headers.get(operation.get("operationId"), ()))
            for method, operation in item.items()
        }
        for path, item in made["paths"].items()
    }
    return made


@cache
def _bodies() -> dict[str, Any]:
    """Return the schemas of what requests bring, which refuse fields that they do not know."""
    kinds = [
        kind
        for kind in vars(requests).values()
        if isinstance(kind, type) and issubclass(kind, Struct) and kind is not Struct
    ]
    _, schemas = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    return schemas


def _headers_by_operation(app: Litestar) -> dict[str, Sequence[str]]:
    return {
        str(handler.operation_id): handler.opt.get(HEADERS, ())
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
    }


def _with_headers(operation: Any, names: Sequence[str]) -> Any:
    if not names:
        return operation
    told = [
        {"name": name, "in": "header", "required": False, **HEADER_SCHEMAS[name]} for name in names
    ]
    return {**operation, "parameters": [*operation.get("parameters", ()), *told]}
