"""The SQL of the store, read once from the files in ``sql/``."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from functools import cache

from tasker.stores.sql import named_queries, numbered_migrations


@cache
def queries(topic: str) -> Mapping[str, str]:
    """Return the named queries of ``sql/<topic>.sql``."""
    return named_queries(__package__, topic)


@cache
def migrations() -> tuple[str, ...]:
    """Return the migrations in order; the first one leads to schema version 1."""
    return numbered_migrations(__package__)


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
