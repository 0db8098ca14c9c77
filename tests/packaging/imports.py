"""What a module imports, and which of it the architecture forbids."""

import ast
from collections.abc import Iterator

# Who may import what of ours. A name covers what is under it; the longest
# matching name decides. `tasker` itself may import everything below it.
ALLOWED = {
    "tasker.stores": ["tasker.stores"],
    "tasker.actors": ["tasker.actors", "tasker.stores"],
}
FORBIDDEN = {
    "tasker.actors": [
        # The runtime sees a store through its protocols.
        "tasker.stores.memory",
        "tasker.stores.sqlite",
        "tasker.stores.postgres",
        "tasker.stores.contract",
    ],
    "tasker.definitions": ["tasker.engine", "tasker.cli", "tasker.testing"],
    "tasker.handlers": ["tasker.engine", "tasker.cli", "tasker.testing"],
    "tasker.events": ["tasker.engine", "tasker.cli", "tasker.testing"],
    "tasker.server": ["tasker.cli", "tasker.testing"],
}
# Only the server's own folder knows its framework; only the command line starts it, and the
# client speaks its shapes, which need no framework.
SERVER = "tasker.server"
SERVER_ALONE = ["litestar", "uvicorn"]
GRAPHQL = "tasker.server.graphql"
GRAPHQL_ALONE = ["strawberry", "graphql"]
MAY_SERVE = ["tasker.cli", "tasker.client", SERVER]

# The workflow rules have no clock, no randomness and no I/O.
PURE = "tasker.actors.workflow"
IMPURE_MODULES = [
    *["time", "random", "secrets", "asyncio", "anyio", "threading", "os", "io", "pathlib"],
    *["socket", "sqlite3", "aiosqlite", "httpx", "logging", "structlog"],
]
IMPURE_CALLS = {"now", "utcnow", "today", "uuid1", "uuid4", "open", "print"}


def imported_names(source: str) -> Iterator[str]:
    """Yield each imported name in full: `from a.b import c` gives `a.b.c`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = "." * node.level + (node.module or "")
            yield from (f"{start}.{alias.name}" for alias in node.names)


def is_under(name: str, parents: list[str]) -> bool:
    """Say whether a dotted name is one of the parents or lies under one."""
    return any(name == parent or name.startswith(parent + ".") for parent in parents)


def forbidden_imports(module: str, source: str) -> list[str]:
    """List the imports by which a module points up, sideways, or at the bare folders."""
    allowed = next((names for room, names in ALLOWED.items() if is_under(module, [room])), None)
    forbidden = [
        name for room, names in FORBIDDEN.items() if is_under(module, [room]) for name in names
    ]
    if not is_under(module, [SERVER]):
        forbidden += SERVER_ALONE
    if not is_under(module, [GRAPHQL]):
        forbidden += GRAPHQL_ALONE
    if not is_under(module, MAY_SERVE):
        forbidden += [SERVER]
    return [
        name
        for name in imported_names(source)
        if name.startswith(".")
        or is_under(name, ["actors", "stores", *forbidden])
        or (allowed is not None and is_under(name, ["tasker"]) and not is_under(name, allowed))
    ]


def impurities(source: str) -> list[str]:
    """List what a workflow rule must not hold: waiting, and reading the world."""
    found = [name for name in imported_names(source) if is_under(name, IMPURE_MODULES)]
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.AsyncFunctionDef() | ast.Await() | ast.AsyncFor() | ast.AsyncWith():
                found.append(f"line {node.lineno}: {type(node).__name__}")
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                if name in IMPURE_CALLS:
                    found.append(f"line {node.lineno}: {name}()")
    return found
