"""A connection for renewing a lease, beside the store and in whichever event loop it is used."""

from __future__ import annotations

import asyncio
from typing import Any

from tasker.stores.errors import StoreUnavailableError
from tasker.stores.leases import Renewal
from tasker.stores.postgres.driver import FAILURES, Connection, connect
from tasker.stores.postgres.options import PostgresOptions
from tasker.stores.postgres.statements import Statements
from tasker.stores.postgres.trouble import trouble_of


class PostgresLeaseLine:
    """See `LeaseLine`. Connects when it is first used, and again after a failure."""

    def __init__(
        self,
        options: PostgresOptions,
        settings: dict[str, Any],
        claims: Statements,
        *,
        seconds: float,
        url: str,
    ) -> None:
        self._options = options
        self._settings = settings
        self._claims = claims
        self._seconds = seconds
        self._url = url
        self._connection: Connection | None = None

    async def renew(self, node_id: str, lag_seconds: float) -> Renewal:
        """See `LeaseLine.renew`."""
        statement = self._claims["renew"]
        asked = {"node_id": node_id, "lag": lag_seconds, "seconds": self._seconds}
        try:
            connection = await self._connected()
            found = await connection.fetchrow(statement.sql, *statement.arguments(asked))
            assert found is not None, "the statement answers one row"
            if found["gone"]:
                await connection.execute(self._claims["forget_gone"].sql)
        except FAILURES as failure:
            self._drop()
            cause, remedy = trouble_of(failure)
            raise StoreUnavailableError(
                url=self._url, operation="renew the lease", cause=cause, remedy=remedy
            ) from failure
        except asyncio.CancelledError:
            # It took too long: what comes back on this connection is not for the next one.
            self._drop()
            raise
        return Renewal(held=found["held"], freed=found["freed"], drain=found["drain"])

    async def close(self) -> None:
        """See `LeaseLine.close`."""
        self._drop()

    async def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = await connect(self._options.dsn, self._seconds, self._settings)
        return self._connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()
