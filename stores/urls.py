"""From a URL to a store.

memory://                                  kept in this process, for tests
sqlite:///orders.db                        relative to the working directory
sqlite:////var/lib/orders.db               absolute
sqlite:///orders.db?durability=relaxed     a power cut may lose the last moments
postgresql://ann:secret@db.example/shop    see docs/postgres.md for its options
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from tasker.stores.errors import StoreUrlError
from tasker.stores.masked import masked
from tasker.stores.memory import MemoryStore
from tasker.stores.protocols import Store

SCHEMES = ("memory", "sqlite", "postgresql")
_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>[^?#]*)(?:\?(?P<query>.*))?")
_SQLITE_OPTIONS = ("durability", "busy_seconds")


def make_store(url: str, *, create: bool = True, **options: Any) -> Store:
    """Return the store that a URL names, not opened yet.

    Args:
        url: As in the module's description.
        create: False to have opening raise `StoreMissingError` for a database that
            is absent, rather than make it. One in memory is always made.
        options: Constructor arguments of the store; they win over the URL's query.

    Raises:
        StoreUrlError: No such kind of store, or something in the URL is wrong.
        MissingExtraError: What the kind of store needs is not installed.
    """
    if not url:
        raise StoreUrlError(url=url, reason="there is none; give it, or set TASKER_STORE")
    found = _URL.fullmatch(url)
    if found is None:
        raise StoreUrlError(url=masked(url), reason="it has no scheme")
    scheme = found["scheme"].lower()
    if scheme == "postgres":
        scheme = "postgresql"
    if scheme not in SCHEMES:
        near = get_close_matches(scheme, SCHEMES, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}://?" if near else f"known are {', '.join(SCHEMES)}"
        raise StoreUrlError(url=masked(url), reason=f"unknown scheme {scheme!r}; {hint}")
    query = dict(parse_qsl(found["query"] or "", keep_blank_values=True))
    if scheme == "memory":
        return _memory(url, found["rest"], {**query, **options})
    if scheme == "postgresql":
        from tasker.stores.postgres import PostgresStore

        return PostgresStore(url, create=create, **options)
    return _sqlite(url, found["rest"], query, {**options, "create": create})


def _memory(url: str, rest: str, options: dict[str, Any]) -> MemoryStore:
    if rest.strip("/") or options:
        raise StoreUrlError(url=masked(url), reason="memory:// takes no path and no options")
    return MemoryStore()


def _sqlite(url: str, rest: str, query: dict[str, str], options: dict[str, Any]) -> Store:
    from tasker.stores.sqlite import SqliteStore

    for name in query:
        if name not in _SQLITE_OPTIONS:
            near = get_close_matches(name, _SQLITE_OPTIONS, n=1, cutoff=0.5)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise StoreUrlError(url=masked(url), reason=f"unknown option {name!r}{hint}")
    given: dict[str, Any] = {**query, **options}
    path = unquote(rest)
    if path.strip("/") in ("", ":memory:"):
        raise StoreUrlError(
            url=masked(url),
            reason="a database in memory is lost with its connection; use memory:// instead",
        )
    if not path.startswith("/"):
        raise StoreUrlError(url=masked(url), reason=f"a path takes three slashes: sqlite:///{path}")
    try:
        given["busy_seconds"] = float(given.get("busy_seconds", 10.0))
    except (TypeError, ValueError):
        raise StoreUrlError(url=masked(url), reason="busy_seconds is not a number") from None
    if given.get("durability", "strict") not in ("strict", "relaxed"):
        raise StoreUrlError(
            url=masked(url), reason=f"durability is strict or relaxed, not {given['durability']!r}"
        )
    return SqliteStore(Path(path[1:]), **given)
