"""The arrows of the architecture point downward, and the workflow rules are pure."""

import sys

import pytest

from tests.packaging.imports import (
    PURE,
    forbidden_imports,
    imported_names,
    impurities,
    is_under,
)
from tests.packaging.project import PYPROJECT, ROOT, our_files

# Import name, and the distribution that brings it.
CORE = {
    "aiosqlite": "aiosqlite",
    "anyio": "anyio",
    "click": "click",
    "filelock": "filelock",
    "httpx": "httpx",
    "jsonschema_rs": "jsonschema-rs",
    "msgspec": "msgspec",
    "prometheus_client": "prometheus-client",
    "rich": "rich",
    "semver": "semver",
    "structlog": "structlog",
    "yaml": "pyyaml",
}
# Extras for what lies beside the package: tests, tools and benchmarks.
BESIDE = ("bench", "dev")
# Import name of what an extra brings. One file of ours imports it, so that one
# file knows what to say when it is missing.
OPTIONAL = {
    "asyncpg": "asyncpg",
    "cryptography": "cryptography",
    "jwt": "PyJWT[crypto]",
    "opentelemetry": "opentelemetry-api",
    "opentelemetry.exporter": "opentelemetry-exporter-otlp-proto-http",
    "opentelemetry.sdk": "opentelemetry-sdk",
    "redis": "redis",
    "uvloop": "uvloop",
}
# Import name of what the server brings. Its folder is the door, which says what is missing.
# uvicorn imports the first by itself.
SERVER = {
    "httptools": "httptools",
    "litestar": "litestar",
    "uvicorn": "uvicorn",
}
# The same for GraphQL, whose folder says what is missing. uvicorn imports the last by itself.
GRAPHQL = {
    "graphql": "graphql-core",
    "strawberry": "strawberry-graphql",
    "wsproto": "wsproto",
}

MODULES = [(package, path) for package, path in our_files("*.py")]
SOURCES = [
    pytest.param(package, path.read_text(), id=str(path.relative_to(ROOT)))
    for package, path in MODULES
]


def distributions(requirements: list[str]) -> set[str]:
    """Return the names in a list of requirements."""
    return {requirement.split(">")[0].split("=")[0].strip() for requirement in requirements}


@pytest.mark.parametrize(("module", "source"), SOURCES)
def test_imports_point_downward(module: str, source: str):
    assert forbidden_imports(module, source) == []


@pytest.mark.parametrize(("module", "source"), SOURCES)
def test_workflow_rules_are_pure(module: str, source: str):
    if is_under(module, [PURE]):
        assert impurities(source) == []


@pytest.mark.parametrize(("module", "source"), SOURCES)
def test_what_is_imported_is_declared(module: str, source: str):
    roots = {name.split(".")[0] for name in imported_names(source)}
    known = {*sys.stdlib_module_names, *CORE, *OPTIONAL, *SERVER, *GRAPHQL, "tasker"}
    assert sorted(roots - known) == [], "add it to pyproject.toml, and to CORE or OPTIONAL here"


def test_core_dependencies_are_the_ones_in_pyproject():
    assert set(CORE.values()) == distributions(PYPROJECT["project"]["dependencies"])


def test_optional_dependencies_are_extras():
    extras: dict[str, list[str]] = PYPROJECT["project"]["optional-dependencies"]
    offered = {name for extra, wanted in extras.items() if extra not in BESIDE for name in wanted}
    assert {*OPTIONAL.values(), *SERVER.values(), *GRAPHQL.values()} == distributions(
        sorted(offered)
    )


@pytest.mark.parametrize("optional", OPTIONAL)
def test_an_optional_dependency_has_one_door(optional: str):
    doors = [
        str(path)
        for _, path in MODULES
        if any(is_under(name, [optional]) for name in imported_names(path.read_text()))
    ]
    assert len(doors) <= 1


def test_graphql_may_import_what_it_is_made_of():
    assert forbidden_imports("tasker.server.graphql", "import strawberry\nimport graphql") == []


@pytest.mark.parametrize("module", ["tasker.server", "tasker.server.app", "tasker.server.routes"])
def test_the_server_may_import_its_framework(module: str):
    assert forbidden_imports(module, "import litestar\nimport uvicorn") == []


@pytest.mark.parametrize(
    ("module", "planted"),
    [
        ("tasker.stores", "import tasker"),
        ("tasker.stores", "from tasker import Engine"),
        ("tasker.stores.sqlite", "from tasker.actors.journal import Journal"),
        ("tasker.stores", "from .records import Task"),
        ("tasker.stores", "from stores.records import Task"),
        ("tasker.stores", "def late():\n    import tasker.errors"),
        ("tasker.actors", "from tasker.engine import Engine"),
        ("tasker.actors", "from tasker.stores.sqlite import SqliteStore"),
        ("tasker.actors.workflow", "from tasker import definitions"),
        ("tasker.definitions", "from tasker.engine import Engine"),
        ("tasker.handlers", "from tasker import cli"),
        ("tasker.events", "import tasker.testing.clock"),
        ("tasker.cli", "import actors"),
        ("tasker.cli", "import uvicorn"),
        ("tasker", "from litestar import Litestar"),
        ("tasker.health", "from tasker.server import TaskerApp"),
        ("tasker.server", "from tasker.cli.app import run"),
        ("tasker.server", "import strawberry"),
        ("tasker.server.routes", "from graphql import parse"),
    ],
)
def test_a_planted_import_is_caught(module: str, planted: str):
    assert len(forbidden_imports(module, planted)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("tasker.stores", "from tasker.stores import records"),
        ("tasker.actors", "from tasker.stores.protocols import JournalStore"),
        ("tasker.actors", "from tasker.actors.mailbox import Mailbox"),
        ("tasker.cli", "from tasker.engine import Engine"),
        ("tasker.events", "from tasker.actors.errors import ActorError"),
    ],
)
def test_a_downward_import_is_not_caught(module: str, source: str):
    assert forbidden_imports(module, source) == []


@pytest.mark.parametrize(
    "planted",
    [
        "import time",
        "from random import uniform",
        "import anyio.to_thread",
        "async def advance(): ...",
        "at = datetime.now(UTC)",
        "at = datetime.datetime.utcnow()",
        "task_id = uuid.uuid4()",
        "open('journal')",
    ],
)
def test_a_planted_impurity_is_caught(planted: str):
    assert len(impurities(planted)) == 1


def test_arithmetic_on_instants_is_pure():
    assert impurities("from datetime import datetime, timedelta\nat = now + timedelta(1)") == []
