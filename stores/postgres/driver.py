"""The one door to asyncpg: how connections are made, and what its errors mean."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from tasker.stores.errors import MissingExtraError

try:
    import asyncpg
except ImportError as missing:
    raise MissingExtraError(feature="a store in PostgreSQL", extra="postgres") from missing

Connection: TypeAlias = "asyncpg.Connection[Any] | asyncpg.pool.PoolConnectionProxy[Any]"
Pool: TypeAlias = "asyncpg.Pool[Any]"
Row: TypeAlias = "asyncpg.Record"

CONNECT_SECONDS = 10.0

LOST: tuple[type[Exception], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # the server is shut down, or starts up
    asyncpg.TooManyConnectionsError,
    asyncpg.ReadOnlySQLTransactionError,  # no primary any more: another server is, or will be
    asyncpg.InterfaceError,  # the connection was found closed
    asyncpg.InternalClientError,  # the server is just ending it, unasked
    OSError,
    asyncio.TimeoutError,
)
"""Failures of the way to the server: what was under way may have happened or not."""

ENDING: type[Exception] = asyncpg.InternalClientError
"""The connection is not to be used again, although it does not say yet that it is closed."""

CONFLICTS: tuple[type[Exception], ...] = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
)
"""What another transaction caused; nothing happened, and the next try may do."""

TAKEN: type[Exception] = asyncpg.UniqueViolationError

ABSENT: tuple[type[Exception], ...] = (
    asyncpg.UndefinedTableError,
    asyncpg.InvalidSchemaNameError,
)

UNSTORABLE: tuple[type[Exception], ...] = (asyncpg.DataError, ValueError, OverflowError)
"""Values that PostgreSQL cannot hold: text with U+0000, lone surrogates, integers over 64
bits. The server says so, or the driver, before it sends them."""

FAILURES: tuple[type[Exception], ...] = (asyncpg.PostgresError, *LOST)
"""All that a driver may raise for reasons that are not the caller's."""

# Every query here is a look-up by an index, and is planned while the tables are empty,
# when reading them whole looks cheaper; the plan is kept. So the ways of reading a table
# whole are taken away. Compiling a plan takes longer than running one of these.
_SETTINGS = {
    "application_name": "tasker",
    "default_transaction_isolation": "read committed",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_seqscan": "off",
    "jit": "off",
}


if TYPE_CHECKING:
    _Base = asyncpg.Connection[Any]
else:
    _Base = asyncpg.Connection


class _Connection(_Base):
    """A connection that leaves nothing behind, so it is not reset after each use."""

    __slots__ = ()

    def get_reset_query(self) -> str:
        return ""


def settings_for(options: Mapping[str, str], *, pooled: bool) -> dict[str, Any]:
    """Return how to connect: ``options`` of the session, ``pooled`` by a transaction pooler.

    A transaction pooler gives each transaction another session of the server, and refuses
    settings of sessions: no statement is kept, and nothing is set.
    """
    settings: dict[str, Any] = {"timeout": CONNECT_SECONDS, "connection_class": _Connection}
    if pooled:
        return {**settings, "statement_cache_size": 0}
    # Room for every statement that a commit may be put together to.
    return {**settings, "statement_cache_size": 512, "server_settings": {**_SETTINGS, **options}}


async def open_pool(dsn: str, size: int, seconds: float, settings: Mapping[str, Any]) -> Pool:
    """Return a pool that holds one connection at least, and ``size`` at most.

    ``seconds`` bounds each statement.
    """
    return await asyncpg.create_pool(
        dsn, min_size=1, max_size=size, command_timeout=seconds, **settings
    )


async def connect(dsn: str, seconds: float, settings: Mapping[str, Any]) -> Connection:
    """Return a connection of its own."""
    connection: Connection = await asyncpg.connect(dsn, command_timeout=seconds, **settings)
    return connection


def driver_connection(given: object) -> Connection | None:
    """Return it if it is a connection of asyncpg, or one from its pool; else None."""
    if isinstance(given, asyncpg.Connection | asyncpg.pool.PoolConnectionProxy):
        return given
    return None
