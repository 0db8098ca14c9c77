"""What every test runs under: one event loop, and nothing that blocks it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from blockbuster import BlockBuster
from hypothesis import settings

from tasker import Engine
from tests.servers.postgres import PostgresServer, postgres_server

# A deadline for an example measures how busy the machine is; the timeout of the
# whole test is enough.
settings.register_profile("tasker", deadline=None)
settings.load_profile("tasker")

ON_POSTGRES = os.environ.get("TASKER_TEST_STORE") == "postgres"

OUR_PACKAGES = ["tasker", "tasker.actors", "tasker.stores"]

# Calls of ours that go through these functions may block.
MAY_BLOCK = [
    ("<frozen importlib._bootstrap>", {"_find_and_load"}),  # once, on a module's first import
    ("asyncpg/connect_utils.py", {"_parse_connect_dsn_and_args"}),  # a password file, certificates
    ("rich/traceback.py", {"_render_stack"}),  # an error drawn for a person, with its source
]

# Folders whose tests wait for a browser or a scrape. They go out first: at the end, one
# worker would wait alone.
WAIT = [Path(__file__).parent / folder for folder in ("validation", "dashboard", "recovery")]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what waits first, and leave the order as it is otherwise."""
    items.sort(key=lambda item: item.path.parent not in WAIT)


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, object]]:
    """Run on asyncio, or on uvloop when `TASKER_TEST_UVLOOP=1` asks for it.

    One loop a run: running each test on both would double the wait for all.
    """
    return "asyncio", {"use_uvloop": os.environ.get("TASKER_TEST_UVLOOP") == "1"}


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this session."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store that processes can share.

    It is in a file, or in PostgreSQL when `TASKER_TEST_STORE=postgres` asks for it.
    """
    if not ON_POSTGRES:
        return f"sqlite:///{tmp_path / 'work.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.url()


@pytest.fixture(autouse=ON_POSTGRES)
def _engines_on_postgres(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have engines that were to be in memory work on PostgreSQL, each in an empty schema.

    Not those of `tasker.testing`: time on its clocks runs away over a store that is polled.
    """
    server: PostgresServer = request.getfixturevalue("postgres")
    opened = Engine.open.__func__  # type: ignore[attr-defined]

    def open_elsewhere(cls: type[Engine], /, url: Any = None, **options: Any) -> Engine:
        if cls is Engine and url == "memory://" and options.get("clock") is None:
            url = server.url()
        engine: Engine = opened(cls, url, **options)
        return engine

    monkeypatch.setattr(Engine, "open", classmethod(open_elsewhere))


@pytest.fixture(scope="session")
def _block_buster() -> BlockBuster:
    detector = BlockBuster(OUR_PACKAGES)
    for function in detector.functions.values():
        for file_name, callers in MAY_BLOCK:
            function.can_block_in(file_name, callers)
    return detector


@pytest.fixture(autouse=True)
def blocking_call_detector(_block_buster: BlockBuster) -> Iterator[BlockBuster]:
    """Raise `BlockingError` when our code blocks the event loop.

    A call counts when any frame below it is ours, so a test's handler that
    sleeps inside the engine counts too. A test that blocks on purpose asks for
    this fixture and calls `deactivate()`.
    """
    _block_buster.activate()
    yield _block_buster
    _block_buster.deactivate()
