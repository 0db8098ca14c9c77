"""The OpenAPI document, and a page to read it."""

from __future__ import annotations

from typing import Any

from litestar import Response, get

from tasker.server.answering import AnyRequest, guarded
from tasker.server.page import CONTENT_SECURITY_POLICY, page_of
from tasker.server.shell import ROOT_KEY


@get(
    "/openapi.json",
    operation_id="getOpenAPI",
    tags=["documentation"],
    summary="The OpenAPI document",
    include_in_schema=False,
    **guarded("tasker.documentation:show"),
)
async def openapi(request: AnyRequest) -> Response[object]:
    """Return the OpenAPI document, with the path that the API is mounted at."""
    made = _document(request)
    return Response(made, media_type="application/json")


@get(
    "/docs",
    operation_id="getDocumentation",
    tags=["documentation"],
    summary="The documentation of the API",
    include_in_schema=False,
    **guarded("tasker.documentation:show"),
)
async def page(request: AnyRequest) -> Response[str]:
    """Return a page with every route, which needs nothing beside it."""
    made = _document(request)
    return Response(
        page_of(made),
        media_type="text/html",
        headers={"Content-Security-Policy": CONTENT_SECURITY_POLICY},
    )


def _document(request: AnyRequest) -> dict[str, Any]:
    made: dict[str, Any] = request.app.state.openapi(str(request.scope.get(ROOT_KEY, "")))
    return made


ROUTES = (openapi, page)
