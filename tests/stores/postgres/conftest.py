"""Stores in a schema of the test's own."""

from contextlib import AsyncExitStack

import pytest

from tasker.stores.postgres import PostgresStore


@pytest.fixture
def url(postgres):
    return postgres.url()


@pytest.fixture
async def connect(url):
    """Open stores on one schema, as several processes would; they are closed in the end."""
    async with AsyncExitStack() as stack:

        async def connect(**options):
            store = PostgresStore(url, **options)
            await store.open()
            stack.push_async_callback(store.close)
            return store

        yield connect
