"""What a PostgreSQL URL says.

postgresql://ann:secret@db.example:5432/shop?schema=orders&pool=20

The options of the store are taken out of the query; the rest is the driver's, such as
``sslmode`` and ``host=/var/run/postgresql``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any
from urllib.parse import parse_qsl, urlencode

from msgspec import Struct

from tasker.stores.errors import StoreUrlError
from tasker.stores.masked import masked

_OURS = ("schema", "pool", "pooler", "durability", "reconnect_seconds", "statement_seconds")
_DRIVERS = (
    *("host", "port", "user", "password", "dbname", "database", "passfile", "application_name"),
    *("sslmode", "sslrootcert", "sslcert", "sslkey", "sslpassword", "sslcrl", "sslnegotiation"),
    *("ssl_min_protocol_version", "ssl_max_protocol_version", "target_session_attrs"),
    *("krbsrvname", "gsslib", "service", "servicefile"),
)
_ALLOWED = {"pooler": ("none", "transaction"), "durability": ("strict", "relaxed")}
# What each is at least. One connection writes while others read.
_NUMBERS = {
    "pool": (int, 2),
    "reconnect_seconds": (float, 0.0),
    "statement_seconds": (float, 0.001),
}
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}")


class PostgresOptions(Struct, frozen=True, kw_only=True):
    """How a store works in PostgreSQL.

    Attributes:
        dsn: Where the database is, for the driver.
        schema: The schema that holds the tables, one for each application.
        pool: Most connections at once, beside one that listens.
        pooler: ``transaction`` when the URL leads to a pooler such as PgBouncer that gives
            every transaction another session; else ``none``.
        durability: ``strict`` has every commit on the server's disk before it is
            acknowledged. ``relaxed`` leaves that to the server's next moment: a crash of
            the server may lose the last ones.
        reconnect_seconds: How long a call tries to reach the server again.
        statement_seconds: The longest that a statement may take.
    """

    dsn: str
    schema: str = "tasker"
    pool: int = 10
    pooler: str = "none"
    durability: str = "strict"
    reconnect_seconds: float = 5.0
    statement_seconds: float = 60.0

    @property
    def pooled(self) -> bool:
        """Whether a session lasts for one transaction only."""
        return self.pooler == "transaction"


def options_from(url: str, given: Mapping[str, Any]) -> PostgresOptions:
    """Return what a URL says; ``given`` wins over it.

    Raises:
        StoreUrlError: Something in it is wrong.
    """
    place, _, query = url.partition("?")
    scheme, _, place = place.partition("://")
    place = f"{scheme.lower()}://{place}"
    asked = dict(parse_qsl(query, keep_blank_values=True))
    for name in asked:
        if name not in (*_OURS, *_DRIVERS):
            near = get_close_matches(name, (*_OURS, *_DRIVERS), n=1, cutoff=0.5)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise _wrong(url, f"unknown option {name!r}{hint}")
    rest = urlencode({name: value for name, value in asked.items() if name in _DRIVERS}, safe="/")
    ours = {name: value for name, value in asked.items() if name in _OURS}
    return _checked(url, f"{place}?{rest}" if rest else place, {**ours, **given})


def _checked(url: str, dsn: str, ours: Mapping[str, Any]) -> PostgresOptions:
    for name in ours:
        if name not in _OURS:
            raise _wrong(url, f"unknown option {name!r}")
    for name, allowed in _ALLOWED.items():
        if ours.get(name, allowed[0]) not in allowed:
            raise _wrong(url, f"{name} is {' or '.join(allowed)}, not {ours[name]!r}")
    if not _SCHEMA.fullmatch(str(ours.get("schema", "tasker"))):
        raise _wrong(
            url,
            f"the schema {ours['schema']!r} is no plain name: lower-case letters, digits and _, "
            "63 of them at most, no digit first",
        )
    numbers = {
        name: _number(url, name, ours[name], kind, least)
        for name, (kind, least) in _NUMBERS.items()
        if name in ours
    }
    return PostgresOptions(dsn=dsn, **{**ours, **numbers})


def _number(url: str, name: str, value: Any, kind: type, least: float) -> Any:
    try:
        number = kind(value)
    except (TypeError, ValueError):
        raise _wrong(url, f"{name} is not a number") from None
    if not number >= least:
        raise _wrong(url, f"{name} is {value}; it must be {least} or more")
    return number


def _wrong(url: str, reason: str) -> StoreUrlError:
    return StoreUrlError(url=masked(url), reason=reason)
