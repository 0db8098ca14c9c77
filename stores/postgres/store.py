"""The store in a PostgreSQL database."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection
from contextlib import suppress

import anyio

from tasker.stores.errors import StoreError, StoreUnavailableError
from tasker.stores.masked import masked
from tasker.stores.postgres.audit import AuditSlice
from tasker.stores.postgres.batch import Known
from tasker.stores.postgres.claims import ClaimSlice
from tasker.stores.postgres.commands import CommandSlice
from tasker.stores.postgres.database import Database
from tasker.stores.postgres.driver import Connection
from tasker.stores.postgres.herald import Herald
from tasker.stores.postgres.journal import JournalSlice
from tasker.stores.postgres.keys import lock_key
from tasker.stores.postgres.options import options_from
from tasker.stores.postgres.outbox import OutboxSlice
from tasker.stores.postgres.reads import ReadSlice
from tasker.stores.postgres.schema import is_current, migrate, store_id
from tasker.stores.postgres.statements import Statements
from tasker.stores.postgres.statistics import StatisticsSlice
from tasker.stores.postgres.wakeups import Listener, Teller
from tasker.stores.postgres.within import WithinSlice

LEAVE_SECONDS = 2.0
"""How long closing may take to give up tasks that were not handed back."""


class PostgresStore(
    JournalSlice,
    ReadSlice,
    StatisticsSlice,
    AuditSlice,
    ClaimSlice,
    WithinSlice,
    CommandSlice,
    OutboxSlice,
):
    """A store in one schema of a PostgreSQL database, 14 or newer.

    Args:
        url: As in docs/postgres.md; see `PostgresOptions` for what its query may say.
        create: Whether a schema that is absent is made. For programs that look only.
        options: Fields of `PostgresOptions`; they win over the URL's query.

    Raises:
        StoreUrlError: Something in the URL is wrong.
        MissingExtraError: The extra ``postgres`` is absent.
    """

    def __init__(self, url: str, *, create: bool = True, **options: object) -> None:
        chosen = options_from(url, options)
        schema = chosen.schema
        self._url = masked(url)
        self._writer_id = str(uuid.uuid4())
        self._known = Known()
        self._joined = set()
        self._doubtful = []
        self._claiming = anyio.Lock()
        self._schema = schema
        self._create = create
        self._database = Database(chosen, self._url)
        self._journal = Statements("journal", schema)
        self._reads = Statements("reads", schema)
        self._statistics = Statements("statistics", schema)
        self._audit = Statements("audit", schema)
        self._claims = Statements("claims", schema)
        self._catalog = Statements("catalog", schema)
        self._commands = Statements("commands", schema)
        self._outbox = Statements("outbox", schema)
        self._outbox_table = f'"{schema}".outbox'
        self._turn_key = lock_key(schema, "outbox")
        self._channel = f"tasker_{lock_key(schema, 'changes') & (2**63 - 1):x}"
        self._tell: Callable[[], None] = lambda: None
        self._teller: Teller | None = None
        self._listener: Listener | None = None
        self._is_open = False

    @property
    def url(self) -> str:
        """The URL that names this store, its password masked."""
        return self._url

    @property
    def shared(self) -> bool:
        """See `Store.shared`."""
        return True

    @property
    def hears(self) -> bool:
        """See `ClaimStore.hears`."""
        return self._listener is not None and self._listener.hears

    def listen(self, tell: Callable[[], None]) -> None:
        """See `ClaimStore.listen`."""
        self._tell = tell
        if not self._database.options.pooled and self._listener is None:
            self._listener = Listener(self._database, self._channel, self._writer_id, tell)
            self._listener.start()

    async def open(self) -> None:
        """See `Store.open`.

        Raises:
            StoreVersionError: A newer version wrote the schema.
            ForeignDatabaseError: The schema has tables of somebody else.
            StoreUnavailableError: The database cannot be reached, or is not there, or is not
            as durable as it is to be.
            StoreMissingError: The schema is absent, and not to be made.
        """
        if self._is_open:
            return
        await self._database.open()
        try:
            await self._database.read(self._check_durability, "open")
            if not await self._database.read(self._is_current, "open"):
                await self._database.transact(self._migrate, "open")
            self._store_id = await self._database.read(self._find_store_id, "open")
        except BaseException:
            await self._database.close()
            raise
        # A writer begins anew with each opening: what it knew of itself may not hold.
        self._writer_id = str(uuid.uuid4())
        self._commits = self._changes = None
        self._known = Known()
        self._doubtful = []
        self._claiming = anyio.Lock()
        self._teller = Teller(self._notify)
        self._herald = Herald(self._those_there, self._found_others)
        self._is_open = True

    async def close(self) -> None:
        """See `Store.close`."""
        self._is_open = False
        teller, self._teller = self._teller, None
        listener, self._listener = self._listener, None
        with anyio.CancelScope(shield=True):
            for node_id in tuple(self._joined):
                # What is not told now, the end of the lease tells.
                with suppress(StoreError), anyio.move_on_after(LEAVE_SECONDS, shield=True):
                    await self.leave(node_id)
            self._joined.clear()
            try:
                if listener is not None:
                    await listener.close()
                if teller is not None:
                    await self._herald.close()
                    await teller.close()
            finally:
                await self._database.close()

    def _tell_others(self) -> None:
        if self._teller is not None:
            self._teller.nudge()

    async def _notify(self) -> None:
        await self._database.read(
            lambda connection: connection.execute(
                "SELECT pg_notify($1, $2)", self._channel, self._writer_id
            )
        )

    def _found_others(self) -> None:
        self._tell()
        self._tell_others()

    async def _those_there(self, task_ids: Collection[str]) -> list[str]:
        rows = await self._database.rows(self._reads["those_there"], task_ids=list(task_ids))
        return [row[0] for row in rows]

    async def _check_durability(self, connection: Connection) -> None:
        wanted = self._database.options.durability
        found = await connection.fetchval("SELECT current_setting('synchronous_commit')")
        if wanted == "strict" and found == "off":
            raise StoreUnavailableError(
                url=self._url,
                operation="open",
                cause="its server acknowledges commits that are not on its disk yet",
                remedy="set synchronous_commit to on for this user, or say durability=relaxed",
            )

    async def _find_store_id(self, connection: Connection) -> str:
        return await store_id(connection, self._schema) or ""

    async def _is_current(self, connection: Connection) -> bool:
        return await is_current(connection, self._schema, self._url)

    async def _migrate(self, connection: Connection) -> None:
        await migrate(connection, self._schema, self._url, create=self._create)
