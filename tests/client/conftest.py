"""A server for the tests of its client."""

import pytest

from tests.server.serving import served


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("served")) as running:
        yield running
