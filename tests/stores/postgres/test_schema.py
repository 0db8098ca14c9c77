"""Opening: what is made, what is refused, and what is said when it cannot be had."""

import asyncpg
import pytest

from tasker.stores import (
    ForeignDatabaseError,
    StoreMissingError,
    StoreUnavailableError,
    StoreVersionError,
    make_store,
)
from tasker.stores.contract.records import creation, found, recorded, task
from tasker.stores.postgres import PostgresStore
from tasker.stores.postgres.schema import migrate
from tasker.stores.postgres.statements import MIGRATIONS
from tests.handlers.http_server import free_port


@pytest.fixture
async def beside(postgres):
    """A connection of somebody who looks at the database by hand."""
    connection = await asyncpg.connect(postgres.dsn)
    yield connection
    await connection.close()


def schema_of(url):
    return url.partition("schema=")[2]


async def refused(error, url, **options):
    store = make_store(url, **options)
    with pytest.raises(error) as caught:
        await store.open()
    await store.close()
    return str(caught.value)


async def test_applications_in_one_database_do_not_see_each_other(postgres):
    one, two = PostgresStore(postgres.url()), PostgresStore(postgres.url())
    for store in (one, two):
        await store.open()
        await recorded(store, [creation(task("t1", reason=store.url))])
        await store.join(_node(store.url))
    for store in (one, two):
        assert (await found(store, "t1")).task.reason == store.url
        await store.close()


async def test_a_newer_schema_is_refused(connect, url, beside):
    await connect()
    await beside.execute(f"UPDATE {schema_of(url)}.schema_version SET version = 99")
    said = await refused(StoreVersionError, url)
    assert "schema version 99" in said


async def test_a_schema_of_somebody_else_is_left_untouched(url, beside):
    await beside.execute(f"CREATE SCHEMA {schema_of(url)}")
    await beside.execute(f"CREATE TABLE {schema_of(url)}.tasks (number int)")
    said = await refused(ForeignDatabaseError, url)
    assert "left untouched" in said
    assert "?schema=" in said
    tables = await beside.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace($1)", schema_of(url)
    )
    assert [row[0] for row in tables] == ["tasks"]


async def test_who_only_looks_makes_nothing(url, beside):
    await refused(StoreMissingError, url, create=False)
    assert await beside.fetchval("SELECT to_regnamespace($1)", schema_of(url)) is None


async def test_a_schema_that_was_made_for_us_is_used(url, beside):
    name = schema_of(url)
    await beside.execute(f"CREATE ROLE {name} LOGIN")
    await beside.execute(f"CREATE SCHEMA {name} AUTHORIZATION {name}")
    store = PostgresStore(url.replace("tasker@", f"{name}@"))
    await store.open()
    await recorded(store, [creation(task("t1"))])
    await store.close()


async def test_a_migration_that_fails_leaves_the_schema_as_it_was(url, beside):
    async def run(scripts):
        async with beside.transaction():
            await migrate(beside, schema_of(url), url, scripts=scripts)

    await run(MIGRATIONS)
    with pytest.raises(asyncpg.PostgresError):
        await run([*MIGRATIONS, "CREATE TABLE {schema}.more (); SELECT nonsense"])
    store = PostgresStore(url)
    await store.open()
    await store.close()
    await run([*MIGRATIONS, "CREATE TABLE {schema}.more ()"])
    said = await refused(StoreVersionError, url)
    assert f"schema version {len(MIGRATIONS) + 1}" in said


@pytest.mark.parametrize(
    ("place", "cause", "remedy"),
    [
        ("127.0.0.1:{free}/postgres", "cannot be reached", "check host and port"),
        ("127.0.0.1:{port}/nowhere", "does not exist", "createdb"),
        ("nobody:hunter22@127.0.0.1:{port}/postgres", "does not exist", "user and the password"),
    ],
)
async def test_what_cannot_be_had_is_told_with_a_remedy(postgres, place, cause, remedy):
    place = place.format(free=free_port(), port=postgres.port)
    who = "" if "@" in place else "tasker@"
    url = f"postgresql://{who}{place}?reconnect_seconds=0.1"
    said = await refused(StoreUnavailableError, url)
    assert cause in said
    assert remedy in said
    assert "hunter22" not in said


async def test_a_server_that_acknowledges_too_early_is_refused(postgres, beside):
    name = schema_of(postgres.url())
    await beside.execute(f"CREATE ROLE {name} LOGIN SUPERUSER")
    await beside.execute(f"ALTER ROLE {name} SET synchronous_commit = off")
    url = postgres.url().replace("tasker@", f"{name}@")
    said = await refused(StoreUnavailableError, url)
    assert "durability=relaxed" in said
    store = PostgresStore(url, durability="relaxed")
    await store.open()
    await store.close()


async def test_statements_name_the_schema_themselves(connect, beside, url):
    await beside.execute(f"ALTER ROLE tasker SET search_path = '{schema_of(url)}_elsewhere'")
    try:
        store = await connect()
        await recorded(store, [creation(task("t1"))])
        assert (await found(store, "t1")).seq == 1
    finally:
        await beside.execute("ALTER ROLE tasker RESET search_path")


def _node(name):
    from tasker.stores.contract.records import node

    return node(name)
