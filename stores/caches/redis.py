"""A cache on a Redis server, or on one that speaks its protocol, such as Valkey.

Whatever has to be atomic is one Lua script, so it costs one round trip. Leases are kept
in a sorted set a key, token by the instant at which its lease ends, by the server's clock.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import anyio

from tasker.stores.caches.capabilities import CacheCapabilities
from tasker.stores.errors import CacheUnavailableError, MissingExtraError

try:
    from redis.asyncio import BlockingConnectionPool, Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff
    from redis.commands.core import AsyncScript
    from redis.exceptions import RedisError
except ImportError as missing:
    raise MissingExtraError(feature="a cache on Redis", extra="redis") from missing

DEFAULT_TIMEOUT_SECONDS = 0.5
DEFAULT_MAX_CONNECTIONS = 16

_INCREMENT = """
local count = redis.call('INCRBY', KEYS[1], ARGV[1])
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return count
"""
_COMPARE_AND_SET = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""
_COMPARE_AND_DELETE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""
# Each script on leases begins by forgetting those that are over.
_LEASES = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local held = redis.call('ZSCORE', KEYS[1], ARGV[1])
local function lease(ttl)
    redis.call('ZADD', KEYS[1], now + ttl, ARGV[1])
    local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
    redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', last))
    return 1
end
"""
_ACQUIRE = (
    _LEASES
    + """
if not held and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
return lease(ARGV[2])
"""
)
_EXTEND = (
    _LEASES
    + """
if not held then return 0 end
return lease(ARGV[2])
"""
)
_RELEASE = _LEASES + "return redis.call('ZREM', KEYS[1], ARGV[1])"
# A number of Lua is exact up to 2^53: microseconds since 1970 until the year 2255.
_ADVANCE = """
local base = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), tonumber(ARGV[2]))
if ARGV[3] == '' or base <= tonumber(ARGV[3]) then
    redis.call('SET', KEYS[1], string.format('%.0f', base + ARGV[1]), 'PX', ARGV[4])
end
return base
"""


class RedisCache(
    CacheCapabilities,
    capabilities={
        "distributed": True,
        "atomic_increment": True,
        "locking": True,
        "ttl_inspection": True,
        "namespace_support": True,
        "compression_support": False,
    },
):
    """Keeps values on a Redis server; it has every slice of the protocols.

    Args:
        client: A client that does not decode answers. `connect` makes one.
        url: Where it is, any password masked.
        namespace: What its keys begin with, before a colon; empty for nothing.
        timeout_seconds: How long a call may take, connecting included.
    """

    def __init__(
        self,
        client: Redis,
        *,
        url: str,
        namespace: str = "",
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    ) -> None:
        self._client = client
        self._url = url
        self._prefix = f"{namespace}:" if namespace else ""
        self._timeout_seconds = timeout_seconds
        self._increment = client.register_script(_INCREMENT)
        self._compare_and_set = client.register_script(_COMPARE_AND_SET)
        self._compare_and_delete = client.register_script(_COMPARE_AND_DELETE)
        self._acquire = client.register_script(_ACQUIRE)
        self._extend = client.register_script(_EXTEND)
        self._release = client.register_script(_RELEASE)
        self._advance = client.register_script(_ADVANCE)

    @property
    def url(self) -> str:
        """Where it is, any password masked."""
        return self._url

    async def get(self, key: str) -> bytes | None:
        """Return what is under the key, or None."""
        value = await self._send("read", "GET", self._key(key))
        return None if value is None else bytes(value)

    async def set(self, key: str, value: bytes, *, ttl_seconds: float) -> None:
        """Keep a value under the key."""
        command = ("SET", self._key(key), value, "PX", _milliseconds(ttl_seconds))
        await self._send("write", *command)

    async def delete(self, key: str) -> bool:
        """Forget what is under the key; return whether there was something."""
        return bool(await self._send("delete", "DEL", self._key(key)))

    async def close(self) -> None:
        """Give up the connections."""
        await self._client.aclose()
        await self._client.connection_pool.disconnect()

    async def add(self, key: str, value: bytes, *, ttl_seconds: float) -> bool:
        """Keep a value unless there is one; return whether it was kept."""
        command = ("SET", self._key(key), value, "PX", _milliseconds(ttl_seconds), "NX")
        return bool(await self._send("add", *command))

    async def increment(self, key: str, by: int = 1, *, ttl_seconds: float) -> int:
        """Add to a counter, which starts at 0, and return its new value."""
        arguments = [by, _milliseconds(ttl_seconds)]
        return int(await self._run("count", self._increment, key, *arguments))

    async def compare_and_set(
        self, key: str, expected: bytes, value: bytes, *, ttl_seconds: float
    ) -> bool:
        """Keep ``value`` if the value there is ``expected``; return whether it was."""
        arguments = [expected, value, _milliseconds(ttl_seconds)]
        return bool(await self._run("write", self._compare_and_set, key, *arguments))

    async def compare_and_delete(self, key: str, expected: bytes) -> bool:
        """Forget what is under the key if that is ``expected``; return whether it was."""
        return bool(await self._run("delete", self._compare_and_delete, key, expected))

    async def acquire(self, key: str, token: str, *, ttl_seconds: float, slots: int = 1) -> bool:
        """Lease one of the slots of the key to the token; False when all are leased."""
        arguments = [token, _milliseconds(ttl_seconds), slots]
        return bool(await self._run("lease", self._acquire, key, *arguments))

    async def extend(self, key: str, token: str, *, ttl_seconds: float) -> bool:
        """Prolong the token's lease from now on; False when it has none any more."""
        arguments = [token, _milliseconds(ttl_seconds)]
        return bool(await self._run("lease", self._extend, key, *arguments))

    async def release(self, key: str, token: str) -> bool:
        """End the token's lease; return whether it had one."""
        return bool(await self._run("release", self._release, key, token))

    async def advance(
        self, key: str, *, by: int, floor: int, ceiling: int | None = None, ttl_seconds: float
    ) -> int:
        """Raise a counter to ``floor`` if it is lower, then by ``by``; return it from between."""
        arguments = [by, floor, "" if ceiling is None else ceiling, _milliseconds(ttl_seconds)]
        return int(await self._run("count", self._advance, key, *arguments))

    async def expires_in(self, key: str) -> float | None:
        """Return the seconds that are left of what is under the key; None for nothing there."""
        left = await self._send("read", "PTTL", self._key(key))
        return left / 1000 if left >= 0 else None

    async def utilisation(self) -> float | None:
        """Return the part of its room that is in use, 0 to 1; None where that is not bounded."""
        memory = await self._send("measure", "INFO", "memory")
        room = int(memory["maxmemory"])
        return int(memory["used_memory"]) / room if room else None

    def _key(self, key: str) -> str:
        return self._prefix + key

    async def _send(self, operation: str, *command: Any) -> Any:
        sent: Awaitable[Any] = self._client.execute_command(*command)  # type: ignore[no-untyped-call]
        return await self._do(operation, sent)

    async def _run(self, operation: str, script: AsyncScript, key: str, *arguments: Any) -> Any:
        return await self._do(operation, script([self._key(key)], arguments))

    async def _do(self, operation: str, call: Awaitable[Any]) -> Any:
        try:
            with anyio.fail_after(self._timeout_seconds):
                return await call
        except TimeoutError:
            cause = f"no answer within {self._timeout_seconds:g} s"
        except (RedisError, OSError) as error:
            cause = str(error) or type(error).__name__
        raise CacheUnavailableError(url=self._url, operation=operation, cause=cause)


def connect(
    location: str,
    *,
    url: str,
    namespace: str = "",
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    max_connections: int = DEFAULT_MAX_CONNECTIONS,
) -> RedisCache:
    """Return the cache at a location, which is a URL as redis-py takes it.

    A call is sent once: to count again what may have been counted would be worse than
    to fail.
    """
    pool = BlockingConnectionPool.from_url(
        location,
        max_connections=max_connections,
        timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        socket_timeout=timeout_seconds,
        retry=Retry(NoBackoff(), 0),
        # To tell the server our version, each connection would look for it on the disk.
        driver_info=None,
        # The newer one would have each connection ask for more before its first call.
        protocol=2,
    )
    client = Redis(connection_pool=pool)
    return RedisCache(client, url=url, namespace=namespace, timeout_seconds=timeout_seconds)


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
