"""A cache on a Memcached server, version 1.6 or newer."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Awaitable
from typing import TypeVar

import anyio

from tasker.stores.caches.capabilities import CacheCapabilities
from tasker.stores.caches.memcached_client import Answer, MemcachedClient, MemcachedError
from tasker.stores.errors import CacheUnavailableError

DEFAULT_TIMEOUT_SECONDS = 0.5
DEFAULT_MAX_CONNECTIONS = 8
LONGEST_TTL_SECONDS = 30 * 24 * 3600
"""Beyond it, Memcached takes a time to live for an instant. Longer ones are cut to it."""
_KEY = re.compile(r"[!-~]{1,250}")

T = TypeVar("T")


class MemcachedCache(
    CacheCapabilities,
    capabilities={
        "distributed": True,
        "atomic_increment": True,
        "locking": False,
        "ttl_inspection": True,
        "namespace_support": True,
        "compression_support": False,
    },
):
    """Keeps values on a Memcached server; it is a `SharedCache`, and has no leases.

    It counts whole seconds, so an entry may stay up to two seconds longer than asked for,
    never shorter. A key that Memcached would not take is replaced by its SHA-256.

    Args:
        host: Where the server is.
        port: Where it listens.
        namespace: What its keys begin with, before a colon; empty for nothing.
        timeout_seconds: How long a call may take, connecting included.
        max_connections: How many calls are under way at once; others wait.
    """

    def __init__(
        self,
        host: str,
        port: int = 11211,
        *,
        namespace: str = "",
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        max_connections: int = DEFAULT_MAX_CONNECTIONS,
    ) -> None:
        shown = f"[{host}]" if ":" in host else host
        self._url = f"memcached://{shown}:{port}"
        self._client = MemcachedClient(host, port, max_connections=max_connections)
        self._prefix = f"{namespace}:" if namespace else ""
        self._timeout_seconds = timeout_seconds

    @property
    def url(self) -> str:
        """Where it is."""
        return self._url

    async def get(self, key: str) -> bytes | None:
        """Return what is under the key, or None."""
        return (await self._ask("read", "mg", self._key(key), "v")).value

    async def set(self, key: str, value: bytes, *, ttl_seconds: float) -> None:
        """Keep a value under the key."""
        await self._write("write", key, value, f"T{_seconds(ttl_seconds)}")

    async def delete(self, key: str) -> bool:
        """Forget what is under the key; return whether there was something."""
        return (await self._ask("delete", "md", self._key(key))).code == "HD"

    async def close(self) -> None:
        """Give up the connections."""
        await self._client.close()

    async def add(self, key: str, value: bytes, *, ttl_seconds: float) -> bool:
        """Keep a value unless there is one; return whether it was kept."""
        return await self._write("add", key, value, f"T{_seconds(ttl_seconds)}", "ME")

    async def increment(self, key: str, by: int = 1, *, ttl_seconds: float) -> int:
        """Add to a counter, which starts at 0, and return its new value."""
        made = (f"N{_seconds(ttl_seconds)}", f"J{by}")
        answer = await self._ask("count", "ma", self._key(key), *made, f"D{by}", "v")
        return int(answer.value or b"0")

    async def compare_and_set(
        self, key: str, expected: bytes, value: bytes, *, ttl_seconds: float
    ) -> bool:
        """Keep ``value`` if the value there is ``expected``; return whether it was."""
        version = await self._version_of(key, expected)
        if version is None:
            return False
        return await self._write("write", key, value, f"T{_seconds(ttl_seconds)}", f"C{version}")

    async def compare_and_delete(self, key: str, expected: bytes) -> bool:
        """Forget what is under the key if that is ``expected``; return whether it was."""
        version = await self._version_of(key, expected)
        if version is None:
            return False
        return (await self._ask("delete", "md", self._key(key), f"C{version}")).code == "HD"

    async def expires_in(self, key: str) -> float | None:
        """Return the seconds that are left of what is under the key; None for nothing there."""
        left = (await self._ask("read", "mg", self._key(key), "t")).flags.get("t")
        return None if left is None or int(left) < 0 else float(left)

    async def utilisation(self) -> float | None:
        """Return the part of its room that is in use, 0 to 1."""
        told = await self._bounded("measure", self._client.statistics())
        return int(told["bytes"]) / int(told["limit_maxbytes"])

    async def _version_of(self, key: str, expected: bytes) -> str | None:
        """Return what names this write of the value, or None when it is another value."""
        answer = await self._ask("read", "mg", self._key(key), "v", "c")
        return answer.flags["c"] if answer.value == expected else None

    async def _write(self, operation: str, key: str, value: bytes, *flags: str) -> bool:
        words = ("ms", self._key(key), str(len(value)), *flags)
        answer = await self._bounded(operation, self._client.request(*words, payload=value))
        return answer.code == "HD"

    async def _ask(self, operation: str, *words: str) -> Answer:
        return await self._bounded(operation, self._client.request(*words))

    async def _bounded(self, operation: str, call: Awaitable[T]) -> T:
        try:
            with anyio.fail_after(self._timeout_seconds):
                return await call
        except TimeoutError:
            cause = f"no answer within {self._timeout_seconds:g} s"
        except (MemcachedError, OSError) as error:
            cause = str(error) or type(error).__name__
        raise CacheUnavailableError(url=self._url, operation=operation, cause=cause)

    def _key(self, key: str) -> str:
        whole = self._prefix + key
        if _KEY.fullmatch(whole):
            return whole
        return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()


def _seconds(seconds: float) -> int:
    """Return what lasts at least that long.

    An entry ends with the tick of the server's clock that is its number of seconds after
    the last one, so one that is made late between two ticks lives nearly a second less.
    """
    return min(math.ceil(seconds) + 1, LONGEST_TTL_SECONDS)
