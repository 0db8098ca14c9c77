"""Bringing a schema to the current version, or refusing it untouched."""

from __future__ import annotations

from collections.abc import Sequence

from tasker.stores.errors import ForeignDatabaseError, StoreMissingError, StoreVersionError
from tasker.stores.postgres.driver import ABSENT, Connection
from tasker.stores.postgres.keys import lock_key
from tasker.stores.postgres.statements import MIGRATIONS, in_schema

# Not to_regclass(): that remembers what was not there before another process made it.
_TABLES = """
SELECT c.relname::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
"""
_SCHEMAS = "SELECT count(*) FROM pg_namespace WHERE nspname = $1"
_VERSION = "SELECT version FROM {schema}.schema_version"
_STORE_ID = "SELECT store_id FROM {schema}.schema_version"
_MADE = """
CREATE TABLE {schema}.schema_version (
    "only" boolean NOT NULL PRIMARY KEY DEFAULT true CHECK ("only"),
    version integer NOT NULL,
    store_id text NOT NULL
);
INSERT INTO {schema}.schema_version (version, store_id) VALUES (0, gen_random_uuid()::text);
"""


async def is_current(connection: Connection, schema: str, url: str) -> bool:
    """Return whether the schema has the current version.

    Raises:
        StoreVersionError: A newer version wrote it.
    """
    return await _version(connection, schema, url, len(MIGRATIONS)) == len(MIGRATIONS)


async def migrate(
    connection: Connection,
    schema: str,
    url: str,
    *,
    create: bool = True,
    scripts: Sequence[str] | None = None,
) -> None:
    """Run the migrations that the schema lacks, inside a transaction of the caller.

    Processes that do this at once take turns, and each looks again in its own.

    Raises:
        StoreVersionError: A newer version wrote it.
        StoreMissingError: There is no such schema, and none is to be made.
        ForeignDatabaseError: It has tables, and not ours.
    """
    scripts = MIGRATIONS if scripts is None else scripts
    await connection.execute("SELECT pg_advisory_xact_lock($1)", lock_key(schema, "schema"))
    version = await _version(connection, schema, url, len(scripts))
    if version is None:
        await _refuse_foreign(connection, schema, url)
        if not create:
            raise StoreMissingError(url=url)
        # Not IF NOT EXISTS: that needs a right which one need not have where it exists.
        if not await connection.fetchval(_SCHEMAS, schema):
            await connection.execute(in_schema("CREATE SCHEMA {schema}", schema))
        await connection.execute(in_schema(_MADE, schema))
        version = 0
    for script in scripts[version:]:
        await connection.execute(in_schema(script, schema))
    await connection.execute(
        in_schema("UPDATE {schema}.schema_version SET version = $1", schema), len(scripts)
    )


async def store_id(connection: Connection, schema: str) -> str | None:
    """Return what tells this store from all others, None where there is none."""
    try:
        found = await connection.fetchval(in_schema(_STORE_ID, schema))
    except ABSENT:
        return None
    return None if found is None else str(found)


async def _version(connection: Connection, schema: str, url: str, supported: int) -> int | None:
    """Return the schema's version, None when there is nothing of it."""
    if "schema_version" not in await _tables(connection, schema):
        return None
    version = int(await connection.fetchval(in_schema(_VERSION, schema)))
    if version > supported:
        raise StoreVersionError(url=url, found=version, supported=supported)
    return version


async def _refuse_foreign(connection: Connection, schema: str, url: str) -> None:
    if await _tables(connection, schema):
        raise ForeignDatabaseError(
            url=url,
            reason=f"has a schema {schema!r} with tables of another application",
            remedy="Name another one with ?schema=… in the URL",
        )


async def _tables(connection: Connection, schema: str) -> set[str]:
    return {row[0] for row in await connection.fetch(_TABLES, schema)}
