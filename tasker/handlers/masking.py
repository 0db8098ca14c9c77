"""Keeping secrets out of errors: which values are secret, and the filter that hides them.

Secret is what a placeholder of a configuration stood for, unless it is an address
such as ``https://pay.example.com:8443``; what stands under a key such as
``password`` or ``Authorization``; and the user and password of a URL.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

import msgspec
from msgspec import Raw

from tasker.stores.records import ErrorRecord

MASK = "***"
SHORTEST_SECRET = 4  # hiding every "on" or "10" would make errors unreadable, and hide nothing

_PLACEHOLDER = re.compile(r"(?<!\$)\$\{[^{}]*\}")
_ORIGIN = re.compile(r"https?://[^/?#@\s]+/?", re.IGNORECASE)
_TELLING_KEY = re.compile(
    r"passw|secret|token|credential|api[-_]?key|authorization|cookie|private[-_]?key", re.IGNORECASE
)


class Masker:
    """Replaces secrets in text, and in JSON-like data, by ``***``."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self.secrets = frozenset(s for s in secrets if len(s) >= SHORTEST_SECRET)
        forms = {form for secret in self.secrets for form in _forms(secret)}
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def text(self, text: str) -> str:
        """Return a text without secrets."""
        return text if self._pattern is None else self._pattern.sub(MASK, text)

    def data(self, data: Any) -> Any:
        """Return JSON-like data without secrets in keys or values."""
        if self._pattern is None:
            return data
        if isinstance(data, str):
            return self.text(data)
        if isinstance(data, Mapping):
            return {self.data(key): self.data(part) for key, part in data.items()}
        if isinstance(data, list | tuple):
            return [self.data(part) for part in data]
        return data

    def raw(self, raw: Raw | None) -> Raw | None:
        """Return JSON without secrets."""
        if raw is None or self._pattern is None:
            return raw
        return Raw(msgspec.json.encode(self.data(msgspec.json.decode(raw))))

    def record(self, error: ErrorRecord) -> ErrorRecord:
        """Return an error's record without secrets."""
        if self._pattern is None:
            return error
        return msgspec.structs.replace(
            error,
            message=self.text(error.message),
            error_code=None if error.error_code is None else self.text(error.error_code),
            backtrace=tuple(map(self.text, error.backtrace)),
            context=self.raw(error.context),
        )


def secrets_in(written: Any, resolved: Any) -> set[str]:
    """Return the secrets of a configuration.

    Args:
        written: The configuration with its placeholders.
        resolved: The same with their values.
    """
    values = _placeholder_values(written, resolved)
    # Scheme, host and port say who failed; an error without them helps nobody.
    placeholders = {value for value in values if not _ORIGIN.fullmatch(value)}
    return {*placeholders, *_telling_values(resolved)}


def _forms(secret: str) -> Iterator[str]:
    yield secret
    yield quote(secret, safe="")
    yield quote(secret)
    yield quote_plus(secret)
    yield base64.b64encode(secret.encode()).decode()


def _placeholder_values(written: Any, resolved: Any) -> Iterator[str]:
    if isinstance(written, str) and isinstance(resolved, str):
        yield from _matched(written, resolved)
    elif isinstance(written, Mapping) and isinstance(resolved, Mapping):
        for key, part in written.items():
            yield from _placeholder_values(part, resolved.get(key))
    elif isinstance(written, list | tuple) and isinstance(resolved, list | tuple):
        for part, value in zip(written, resolved, strict=False):
            yield from _placeholder_values(part, value)


def _matched(written: str, resolved: str) -> Iterator[str]:
    """Yield what the placeholders of one text stood for."""
    literals = _PLACEHOLDER.split(written)
    if len(literals) == 1:
        return
    pattern = "(.*?)".join(re.escape(each.replace("$${", "${")) for each in literals)
    match = re.fullmatch(pattern, resolved, re.DOTALL)
    if match is None or len(literals) > 2:
        # Several placeholders can be told apart in more than one way: hide the whole as well.
        yield resolved
    if match is not None:
        yield from match.groups()


def _telling_values(value: Any, telling: bool = False) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _telling_values(part, bool(_TELLING_KEY.search(str(key))))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _telling_values(part, telling)
    elif isinstance(value, str):
        if telling:
            yield value
            yield value.rpartition(" ")[2]  # "Bearer abc": the token by itself too
        if "@" in value and "://" in value:
            yield from _userinfo(value)


def _userinfo(url: str) -> Iterator[str]:
    try:
        userinfo = urlsplit(url).netloc.rpartition("@")[0]
    except ValueError:
        return
    user, _, password = userinfo.partition(":")
    yield userinfo
    yield from (user, password, unquote(user), unquote(password))
    yield f"{unquote(user)}:{unquote(password)}"
