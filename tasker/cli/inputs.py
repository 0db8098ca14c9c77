"""What is typed, as values: JSON, instants, names of definitions."""

from __future__ import annotations

import getpass
import json
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import click

_AGO = re.compile(r"(\d+(?:\.\d+)?)(s|m|h|d|w)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_NAME = re.compile(r"(?:(?P<namespace>[^@]+)\.)?(?P<name>[^.@]+)(?:@(?P<version>.+))?")


class _DoubledKeyError(ValueError):
    """An object has a key twice; JSON allows it, and one of the values would be lost."""


class JsonType(click.ParamType):  # type: ignore[type-arg]  # older ones have no argument
    """JSON: as it stands, ``@file``, or ``-`` for the standard input."""

    name = "json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the decoded value."""
        if not isinstance(value, str):
            return value
        text, where = self._read(value, param, ctx)
        try:
            return json.loads(text, parse_constant=_refuse, object_pairs_hook=_object)
        except _DoubledKeyError as error:
            self.fail(f"{error} ({where})", param, ctx)
        except json.JSONDecodeError as error:
            place = f"{where}, line {error.lineno} column {error.colno}"
            self.fail(f"not JSON: {error.msg} ({place})", param, ctx)
        except ValueError as error:
            self.fail(f"not JSON: {error} ({where})", param, ctx)

    def _read(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        if value == "-":
            return sys.stdin.read(), "standard input"
        if not value.startswith("@"):
            return value, "as given"
        try:
            return Path(value[1:]).read_text(encoding="utf-8-sig"), value[1:]
        except OSError as error:
            self.fail(f"cannot read {value[1:]}: {error.strerror}", param, ctx)
        except UnicodeDecodeError:
            self.fail(f"cannot read {value[1:]}: it is not UTF-8 text", param, ctx)


class JsonObjectType(JsonType):
    """As `JsonType`, and an object."""

    name = "json object"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the decoded object."""
        found = super().convert(value, param, ctx)
        if not isinstance(found, dict):
            self.fail("it must be a JSON object, as in '{\"order\": 7}'", param, ctx)
        return found


class InstantType(click.ParamType):  # type: ignore[type-arg]
    """An instant: ISO 8601, or how long ago, as ``90s``, ``15m``, ``2h``, ``7d``."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return it as an aware datetime; without a zone it is local time."""
        if not isinstance(value, str):
            return value
        ago = _length(value)
        if ago is not None:
            return datetime.now(UTC) - ago
        try:
            return datetime.fromisoformat(value).astimezone()
        except ValueError:
            self.fail(f"{value!r} is no time; write 2026-03-01, 2026-03-01T12:30 or 2h", param, ctx)


class LengthType(click.ParamType):  # type: ignore[type-arg]
    """A length of time: ``90s``, ``15m``, ``24h``, ``7d``."""

    name = "length"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return it as a timedelta above 0."""
        if not isinstance(value, str):
            return value
        found = _length(value)
        if not found:
            self.fail(f"{value!r} is no length of time; write 90s, 15m, 24h or 7d", param, ctx)
        return found


def split_name(text: str) -> tuple[str | None, str, str | None]:
    """Return namespace, name and version of ``[namespace.]name[@version]``."""
    found = _NAME.fullmatch(text)
    if found is None:
        raise click.UsageError(f"{text!r} is no name; write [namespace.]name[@version]")
    return found["namespace"], found["name"], found["version"]


def is_file(text: str) -> bool:
    """Whether what was given names a file of a definition rather than a definition."""
    return text.endswith((".yaml", ".yml")) or "/" in text or Path(text).is_file()


def user_name() -> str:
    """Return who is at the keyboard, for the record."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "unknown"


def _length(text: str) -> timedelta | None:
    found = _AGO.fullmatch(text)
    return None if found is None else timedelta(**{_UNITS[found[2]]: float(found[1])})


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _DoubledKeyError(f"the key {key!r} stands twice")
        found[key] = value
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
