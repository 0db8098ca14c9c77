"""One server for all tests that do not need one of their own."""

import pytest

from tests.server.serving import served


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("server")) as running:
        yield running
