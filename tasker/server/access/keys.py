"""The keys of an issuer: fetched, kept for a while, fetched again when one is not known."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

import anyio
import httpx
import msgspec

from tasker.server.access.jose import Key, keys_of_set
from tasker.server.access.jwt_config import JwtConfig, url_problems
from tasker.server.errors import KeysUnavailableError

logger = logging.getLogger("tasker.server")

FETCH_SECONDS = 5.0
LARGEST_DOCUMENT = 1024 * 1024
LEAST_SECONDS_BETWEEN = 10.0
"""However many tokens name keys that nobody knows, they are not looked for more often."""
DISCOVERY = "/.well-known/openid-configuration"

Fetch = Callable[[str], Awaitable[Any]]
"""Gets the JSON document of a URL; raises `ValueError` or `httpx.HTTPError`."""


class Keys(Protocol):
    """Where the keys come from."""

    async def find(self, algorithm: str, kid: str | None) -> Key | None:
        """Return the key for a token that names a key so, None when there is none.

        Raises:
            KeysUnavailableError: The keys cannot be got just now.
        """


class OneKey:
    """A key that does not change."""

    def __init__(self, key: Key) -> None:
        self._key = key

    async def find(self, algorithm: str, kid: str | None) -> Key | None:
        """See `Keys.find`: whatever a token names, this is the key."""
        return self._key


class FetchedKeys:
    """The keys of a set that an issuer publishes and changes.

    They are used for ``keys_seconds``, then fetched again. A token that names a key which is
    not among them has them fetched at once, since issuers begin to use new keys at any time;
    but not more often than `LEAST_SECONDS_BETWEEN`. When they cannot be fetched, those at
    hand are used for ``keys_stale_seconds``.

    Args:
        load: Gets the set.
        rules: The settings.
        clock: Seconds that only go up.
    """

    def __init__(
        self,
        load: Callable[[], Awaitable[Any]],
        rules: JwtConfig,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load = load
        self._rules = rules
        self._clock = clock
        self._keys: Sequence[Key] = ()
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._lock = anyio.Lock()

    async def find(self, algorithm: str, kid: str | None) -> Key | None:
        """See `Keys.find`."""
        if self._age() >= self._rules.keys_seconds:
            await self._refresh(lambda: self._age() >= self._rules.keys_seconds)
        if self._age() > self._rules.keys_stale_seconds:
            raise KeysUnavailableError
        found = self._known(algorithm, kid)
        if found is None:
            await self._refresh(lambda: self._known(algorithm, kid) is None)
            found = self._known(algorithm, kid)
        return found

    def _known(self, algorithm: str, kid: str | None) -> Key | None:
        fitting = [key for key in self._keys if key.fits(algorithm)]
        if kid is not None:
            return next((key for key in fitting if key.kid == kid), None)
        # Without a name it is clear only where there is one.
        return fitting[0] if len(fitting) == 1 else None

    def _age(self) -> float:
        return float("inf") if self._fetched_at is None else self._clock() - self._fetched_at

    async def _refresh(self, needed: Callable[[], bool]) -> None:
        """Fetch the keys, unless whoever held the lock did, or they were tried just now."""
        async with self._lock:
            now = self._clock()
            tried = self._tried_at
            if not needed() or (tried is not None and now - tried < LEAST_SECONDS_BETWEEN):
                return
            self._tried_at = now
            try:
                self._keys = keys_of_set(await self._load())
                self._fetched_at = now
            except (httpx.HTTPError, OSError, ValueError) as error:
                logger.warning("the keys that tokens are checked with cannot be got: %s", error)


async def fetch_json(url: str) -> Any:
    """Return the JSON document of a URL. Redirects are not followed.

    Raises:
        httpx.HTTPError: It cannot be got.
        ValueError: It is no JSON, or too large.
    """
    async with (
        httpx.AsyncClient(timeout=FETCH_SECONDS, follow_redirects=False) as client,
        client.stream("GET", url, headers={"Accept": "application/json"}) as answer,
    ):
        if answer.status_code != 200:
            raise ValueError(f"{url} answered {answer.status_code}")
        body = b""
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > LARGEST_DOCUMENT:
                raise ValueError(f"{url} is larger than {LARGEST_DOCUMENT} bytes")
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"{url} is no JSON: {error}") from error


async def discover_set(issuer: str, fetch: Fetch = fetch_json) -> Any:
    """Return the key set of an OpenID Connect issuer, found by its discovery document.

    Raises:
        httpx.HTTPError: One of the two cannot be got.
        ValueError: It is not that issuer's, or names no set to be trusted.
    """
    url = issuer.rstrip("/") + DISCOVERY
    found = await fetch(url)
    if not isinstance(found, dict) or found.get("issuer") != issuer:
        raise ValueError(f"{url} is not of the issuer {issuer}")
    where = found.get("jwks_uri")
    if not isinstance(where, str):
        raise ValueError(f"{url} names no jwks_uri")
    if problems := url_problems("jwks_uri", where):
        raise ValueError(f"{url}: {problems[0]}")
    return await fetch(where)
