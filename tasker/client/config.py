"""Where a server is, and how patient a client is with it."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
from msgspec import Struct

from tasker.client.errors import ClientConfigError

SERVER_VARIABLE = "TASKER_SERVER"
TOKEN_VARIABLE = "TASKER_TOKEN"


class ClientConfig(Struct, frozen=True, kw_only=True):
    """How a client asks. Lengths of time are in seconds.

    Attributes:
        timeout_seconds: For each of connecting, sending, and waiting for an answer, beside
            the wait that was asked for.
        retries: How often a request is sent again; which ones are stands in `Sender`.
        first_retry_seconds: Before the first of these; each later wait is twice the one
            before, and each is cut by chance to between half of it and all of it.
        most_retry_seconds: The longest of these waits; a server that says `Retry-After` with
            more is not asked again.
        wait_seconds: The longest wait that one request asks the server for.
        silence_seconds: How long a stream may be silent before it counts as lost; the server
            shows every `heartbeat_seconds` (15) that it lives.
        generate_keys: Whether a task that is asked for without an idempotency key gets one,
            so that the request can be sent again. The engine's identity strategy does not
            hold for requests with a key; turn it off to have it decide.
    """

    timeout_seconds: float = 30.0
    retries: int = 5
    first_retry_seconds: float = 0.2
    most_retry_seconds: float = 30.0
    wait_seconds: float = 30.0
    silence_seconds: float = 60.0
    generate_keys: bool = True

    def __post_init__(self) -> None:
        for name in ("timeout_seconds", "silence_seconds", "wait_seconds"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ClientConfigError(setting=name, reason="must be more than 0, and finite")
        for name in ("retries", "first_retry_seconds", "most_retry_seconds"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ClientConfigError(setting=name, reason="must be 0 or more, and finite")


def server_url(url: str | None, environ: Mapping[str, str]) -> str:
    """Return the URL of a server's API, given or of the variable.

    Raises:
        ClientConfigError: There is none, or it is no URL.
    """
    given = url or environ.get(SERVER_VARIABLE)
    where = "the server's URL" if url else SERVER_VARIABLE
    if not given:
        raise ClientConfigError(
            setting="the server's URL", reason=f"is missing; give it, or set {SERVER_VARIABLE}"
        )
    try:
        found = httpx.URL(given)
    except httpx.InvalidURL as error:
        raise ClientConfigError(setting=where, reason=f"is no URL: {error}") from error
    if found.scheme not in ("http", "https") or not found.host:
        raise ClientConfigError(
            setting=where,
            reason="needs http:// or https:// and a host, as in http://127.0.0.1:8080/tasker",
        )
    if found.userinfo or found.query or found.fragment:
        raise ClientConfigError(
            setting=where, reason="must be a host and a path; a token goes into TASKER_TOKEN"
        )
    return str(found).rstrip("/")


def server_token(token: str | None, environ: Mapping[str, str]) -> str | None:
    """Return the token, given or of the variable; None without one.

    Raises:
        ClientConfigError: It cannot stand in a header.
    """
    found = token or environ.get(TOKEN_VARIABLE)
    if found and not (found.isascii() and found.isprintable() and " " not in found):
        raise ClientConfigError(
            setting="the token" if token else TOKEN_VARIABLE,
            reason="has spaces or characters that no token has",
        )
    return found or None
