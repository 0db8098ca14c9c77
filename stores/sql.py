"""SQL kept in files: named queries and numbered migrations of a store's package.

A line ``-- name: word`` begins a query, which ends where the next one's comment
begins; the comment above it is for the reader.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files

_NAMED = re.compile(r"^-- name: (?P<name>\w+)\n(?P<sql>.+?;)$", re.MULTILINE | re.DOTALL)
_MIGRATION = re.compile(r"(?P<number>\d{4})_\w+\.sql")


def named_queries(package: str, topic: str) -> Mapping[str, str]:
    """Return the named queries of ``sql/<topic>.sql`` in a package."""
    text = (files(package) / "sql" / f"{topic}.sql").read_text(encoding="utf-8")
    return {found["name"]: found["sql"] for found in _NAMED.finditer(text)}


def numbered_migrations(package: str) -> tuple[str, ...]:
    """Return a package's migrations in order; the first one leads to schema version 1."""
    scripts = []
    for file in (files(package) / "sql" / "migrations").iterdir():
        if found := _MIGRATION.fullmatch(file.name):
            scripts.append((int(found["number"]), file.read_text(encoding="utf-8")))
    scripts.sort()
    numbers = [number for number, _ in scripts]
    if numbers != list(range(1, len(scripts) + 1)):
        raise RuntimeError(f"the migrations are not numbered 1, 2, 3 …, each once: {numbers}")
    return tuple(script for _, script in scripts)
