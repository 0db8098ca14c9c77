"""One Redis and one Memcached for the tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.caches.servers import Server, memcached_server, redis_server


@pytest.fixture(scope="module")
def redis() -> Iterator[Server]:
    with redis_server() as server:
        yield server


@pytest.fixture(scope="module")
def memcached() -> Iterator[Server]:
    with memcached_server() as server:
        yield server
