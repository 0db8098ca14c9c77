"""The dashboard: one page and its files, which hold nothing of any task.

What the page shows it asks the API for, as whoever has signed in.
"""

from __future__ import annotations

import anyio.to_thread
from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from tasker.server.answering import AnyRequest
from tasker.server.dashboard.assets import assets
from tasker.server.guard import PERMISSION
from tasker.server.permissions import PUBLIC

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Files of ours alone; and no text can become markup or script, whoever wrote it."""
PAGE_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-cache",
}
ASSET_HEADERS = {"Cache-Control": "public, max-age=31536000, immutable"}
_PUBLIC = {PERMISSION: PUBLIC}


@get("/dashboard", include_in_schema=False, opt=_PUBLIC)
async def page(request: AnyRequest) -> Response[bytes]:
    """Return the page; its links are relative, so that it can be mounted anywhere."""
    if str(request.scope.get("raw_path") or b"", "latin-1").endswith("/"):
        return Response(b"", status_code=307, headers={"Location": "../dashboard"})
    found = await anyio.to_thread.run_sync(assets)
    return Response(found.page(), media_type="text/html", headers=PAGE_HEADERS)


@get("/dashboard/assets/{version:str}/{file:path}", include_in_schema=False, opt=_PUBLIC)
async def asset(version: FromPath[str], file: FromPath[str]) -> Response[bytes]:
    """Return a file of the page. Its URL has its version, so it may be kept for ever."""
    found = await anyio.to_thread.run_sync(assets)
    path = file.lstrip("/")
    if version != found.version or path not in found.files:
        raise NotFoundException(f"the dashboard has no file {path!r} of version {version!r}")
    wanted = found.files[path]
    return Response(wanted.body, media_type=wanted.media_type, headers=ASSET_HEADERS)


ROUTES = (page, asset)
