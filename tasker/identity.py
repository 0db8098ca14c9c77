"""When two requests are the same task."""

from __future__ import annotations

import hashlib
from typing import Any, Protocol

import msgspec

from tasker.config import EngineConfig
from tasker.errors import HandlerError
from tasker.handlers.reference import resolve
from tasker.request import TaskRequest

MOST_CHARACTERS = 128


class IdentityStrategy(Protocol):
    """Tells equal requests."""

    def identity(self, request: TaskRequest, version: str) -> str | None:
        """Return a string that equal requests share, at most 128 characters.

        None makes every request its own task. ``version`` is the exact version
        that the request resolved to.
        """


class Identity:
    """A request's identity under an engine's configuration.

    ``expires`` says whether it is taken only for ``identity_window_seconds``.
    """

    def __init__(self, config: EngineConfig) -> None:
        self._custom = _load(config.identity)
        self._hash = config.identity == "hash"

    def of(self, request: TaskRequest, version: str) -> tuple[str | None, bool]:
        """Return the identity, None for none, and whether it expires."""
        if request.idempotency_key is not None:
            key = f"key:{request.namespace}/{request.name}/{request.idempotency_key}"
            return _bounded(key), False
        if self._hash:
            return request_hash(request, version), True
        if self._custom is not None:
            identity = self._custom.identity(request, version)
            return (None if identity is None else _bounded(identity)), False
        return None, False


def request_hash(request: TaskRequest, version: str) -> str:
    """Return SHA-256, in hex, of what a request asks for; the order of keys does not count.

    ``requested_at`` counts only when the caller gave it: when it is left out, the
    identity window tells a repetition from a new wish.
    """
    facts: dict[str, Any] = {
        "namespace": request.namespace,
        "name": request.name,
        "version": version,
        "initiator": request.initiator,
        "source_system": request.source_system,
        "reason": request.reason,
        "context": request.context,
        "bypass_steps": sorted(request.bypass_steps),
        "requested_at": request.requested_at,
    }
    return hashlib.sha256(msgspec.json.encode(facts, order="deterministic")).hexdigest()


def _bounded(identity: str) -> str:
    """Keep an identity readable while it is short; hash it when it is long."""
    if len(identity) <= MOST_CHARACTERS:
        return identity
    return f"sha256:{hashlib.sha256(identity.encode()).hexdigest()}"


def _load(name: str) -> IdentityStrategy | None:
    if name in ("none", "hash"):
        return None
    kind = resolve(name).target
    strategy = kind() if isinstance(kind, type) else kind
    if not callable(getattr(strategy, "identity", None)):
        raise HandlerError(
            handler=name,
            reason="an identity strategy needs a method identity(request, version); "
            "built in are 'none' and 'hash'",
        )
    loaded: IdentityStrategy = strategy
    return loaded
