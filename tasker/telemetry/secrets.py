"""Which values are secret: those of a configuration, and in which forms they may turn up.

Secret is what a placeholder of a configuration stood for, unless it is an address
such as ``https://pay.example.com:8443``; what stands under a key such as
``password`` or ``Authorization``; and the password of a URL, or the token that stands
there alone. The name of a user is no secret.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

SHORTEST_SECRET = 4  # hiding every "on" or "10" would make errors unreadable, and hide nothing
SHORTEST_EVERYWHERE = 8
SHORTEST_WORD = 16
"""Characters from which on letters alone are taken for a secret: "postgres" is in many lines."""

_PLACEHOLDER = re.compile(r"(?<!\$)\$\{(?P<name>[^{}:]*)[^{}]*\}")
_SPLITS = re.compile(r"(?<!\$)\$\{[^{}]*\}")
_ORIGIN = re.compile(r"https?://[^/?#@\s]+/?", re.IGNORECASE)
_TELLING_KEY = re.compile(
    r"passw|secret|token|credential|api[-_]?key|authorization|cookie|private[-_]?key", re.IGNORECASE
)


def secrets_in(written: Any, resolved: Any) -> set[str]:
    """Return the secrets of a configuration.

    Args:
        written: The configuration with its placeholders.
        resolved: The same with their values.
    """
    values = (value for _, value in _placeholder_values(written, resolved))
    # Scheme, host and port say who failed; an error without them helps nobody.
    placeholders = {value for value in values if not _ORIGIN.fullmatch(value)}
    return {*placeholders, *_telling_values(resolved)}


def secrets_by_name(
    written: Any, resolved: Any, is_sensitive: Callable[[str], bool]
) -> Iterator[str]:
    """Yield the secrets whose variable or key says that they are.

    The others of `secrets_in` may be a region or a number as well: they are hidden
    where their definition is at work, and not in everything that a process tells.
    """
    for name, value in _placeholder_values(written, resolved):
        if is_sensitive(name):
            yield value
    yield from _telling_values(resolved)


def is_distinctive(secret: str) -> bool:
    """Whether a secret can be hidden in everything that a process tells.

    One that is short, or an ordinary word, would be found in lines that have nothing to
    do with it: those would become unreadable, and tell what the secret is besides.
    """
    return len(secret) >= (SHORTEST_WORD if secret.isalpha() else SHORTEST_EVERYWHERE)


def pattern_of(secrets: Iterable[str]) -> re.Pattern[str] | None:
    """Return what finds the secrets in each form that they may have; None for none."""
    forms = {form for secret in secrets for form in _forms(secret)}
    longest_first = sorted(forms, key=lambda form: (-len(form), form))
    return re.compile("|".join(map(re.escape, longest_first))) if forms else None


def _forms(secret: str) -> Iterator[str]:
    yield secret
    yield quote(secret, safe="")
    yield quote(secret)
    yield quote_plus(secret)
    yield base64.b64encode(secret.encode("utf-8", "replace")).decode()
    yield repr(secret)[1:-1]
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]


def _placeholder_values(written: Any, resolved: Any) -> Iterator[tuple[str, str]]:
    """Yield the names of placeholders, with what they stood for."""
    if isinstance(written, str) and isinstance(resolved, str):
        yield from _matched(written, resolved)
    elif isinstance(written, Mapping) and isinstance(resolved, Mapping):
        for key, part in written.items():
            yield from _placeholder_values(part, resolved.get(key))
    elif isinstance(written, list | tuple) and isinstance(resolved, list | tuple):
        for part, value in zip(written, resolved, strict=False):
            yield from _placeholder_values(part, value)


def _matched(written: str, resolved: str) -> Iterator[tuple[str, str]]:
    """Yield what the placeholders of one text stood for."""
    literals = _SPLITS.split(written)
    if len(literals) == 1:
        return
    names = [found["name"] for found in _PLACEHOLDER.finditer(written)]
    pattern = "(.*?)".join(re.escape(each.replace("$${", "${")) for each in literals)
    match = re.fullmatch(pattern, resolved, re.DOTALL)
    if match is None or len(literals) > 2:
        # Several placeholders can be told apart in more than one way: hide the whole as well.
        yield " ".join(names), resolved
    if match is not None:
        yield from zip(names, match.groups(), strict=True)


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
    if password:
        yield from (userinfo, password, unquote(password))
        yield f"{unquote(user)}:{unquote(password)}"
    elif is_distinctive(user):
        # As in https://TOKEN@host; the name of somebody is not that long, or a word.
        yield from (user, unquote(user))
