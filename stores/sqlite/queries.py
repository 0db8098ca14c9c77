"""The SQL of the store, read once from the files in ``sql/``.

A line ``-- name: word`` begins a query, which ends where the next one's comment
begins; the comment above it is for the reader.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

_NAMED = re.compile(r"^-- name: (?P<name>\w+)\n(?P<sql>.+?;)$", re.MULTILINE | re.DOTALL)
_MIGRATION = re.compile(r"(?P<number>\d{4})_\w+\.sql")


@cache
def queries(topic: str) -> Mapping[str, str]:
    """Return the named queries of ``sql/<topic>.sql``."""
    text = (files(__package__) / "sql" / f"{topic}.sql").read_text(encoding="utf-8")
    return {found["name"]: found["sql"] for found in _NAMED.finditer(text)}


@cache
def migrations() -> tuple[str, ...]:
    """Return the migrations in order; the first one leads to schema version 1."""
    scripts = []
    for file in (files(__package__) / "sql" / "migrations").iterdir():
        if found := _MIGRATION.fullmatch(file.name):
            scripts.append((int(found["number"]), file.read_text(encoding="utf-8")))
    scripts.sort()
    numbers = [number for number, _ in scripts]
    if numbers != list(range(1, len(scripts) + 1)):
        raise RuntimeError(f"the migrations are not numbered 1, 2, 3 …, each once: {numbers}")
    return tuple(script for _, script in scripts)


def statements(script: str) -> Iterator[str]:
    """Yield the statements of a script.

    ``executescript`` would do, but it commits the transaction that it finds open.
    """
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
