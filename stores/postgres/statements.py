"""The SQL of the store, read once from the files in ``sql/``, for a schema.

Queries name their parameters ``:name``; PostgreSQL numbers them. The statement of a
commit is put together from parts that number their own from ``$1``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from tasker.stores.sql import named_queries, numbered_migrations

_PARAMETER = re.compile(r"(?<!:):([a-z_]+)\b")
_NUMBERED = re.compile(r"\$(\d+)")


# Read with the module: whoever makes a store may be on an event loop.
_TOPICS = "audit", "catalog", "claims", "commands", "journal", "outbox", "reads", "statistics"
_QUERIES = {topic: named_queries(__package__, topic) for topic in _TOPICS}

MIGRATIONS = numbered_migrations(__package__)
"""In order; the first one leads to schema version 1."""


class Statement(Struct, frozen=True):
    """A query with numbered parameters, and their names in that order."""

    sql: str
    names: tuple[str, ...]

    def arguments(self, given: Mapping[str, Any]) -> list[Any]:
        """Return the parameters in the order of their numbers."""
        return [given[name] for name in self.names]


class Statements:
    """The statements of one topic, for one schema."""

    def __init__(self, topic: str, schema: str) -> None:
        self._queries = {name: in_schema(sql, schema) for name, sql in _QUERIES[topic].items()}
        self._made: dict[str, Statement] = {}
        self._joined: dict[tuple[tuple[str, int], ...], str] = {}

    def __getitem__(self, name: str) -> Statement:
        """Return a query by its name."""
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = _numbered(self._queries[name])
        return made

    def joined(self, first: str, parts: Iterable[tuple[str, int]], last: str) -> str:
        """Return one statement: ``first`` begins it, each part writes, ``last`` answers.

        A part comes with how many parameters it has; they are numbered on from those of
        what stands before it.
        """
        chosen = ((first, 0), *parts, (last, 0))
        made = self._joined.get(chosen)
        if made is None:
            made = self._joined[chosen] = self._join(*chosen)
        return made

    def _join(self, first: tuple[str, int], *rest: tuple[str, int]) -> str:
        text = self._queries[first[0]].rstrip(";\n")
        taken = max(int(number) for number in _NUMBERED.findall(text))
        *parts, last = rest
        for name, count in parts:
            part = _shifted(self._queries[name].rstrip(";\n"), taken)
            text += f",\n{name} AS (\n{part}\n)"
            taken += count
        return f"{text}\n{self._queries[last[0]]}"


def in_schema(sql: str, schema: str) -> str:
    """Return SQL with its tables named in a schema."""
    return sql.replace("{schema}", f'"{schema}"')


def _numbered(sql: str) -> Statement:
    names: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        return f"${names.setdefault(found[1], len(names) + 1)}"

    return Statement(_PARAMETER.sub(number, sql), tuple(names))


def _shifted(sql: str, by: int) -> str:
    return _NUMBERED.sub(lambda found: f"${int(found[1]) + by}", sql)
