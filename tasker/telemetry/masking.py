"""The one filter that keeps secrets out of what is told: logs, stored errors, reports.

Three things are hidden: values under sensitive keys, in data and in text; what looks
like a secret by itself, such as a bearer token or the password of a URL; and values
that are known to be secret, wherever they turn up. When hiding fails, all of it is
hidden. What the user's own data are (contexts, results) is stored as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any
from weakref import WeakSet

import msgspec
from msgspec import Raw, Struct

from tasker.stores.records import ErrorRecord
from tasker.telemetry.masked_text import TextMask
from tasker.telemetry.secrets import SHORTEST_SECRET, is_distinctive, pattern_of

FILTER_PARAMETERS = (
    *("passw", "email", "secret", "token", "_key"),
    *("crypt", "salt", "certificate", "otp", "ssn"),
)
FILTER_MASK = "[FILTERED]"

LONGEST_TEXT = 64 * 1024  # characters; what follows is cut off
DEEPEST = 32
MOST_PARTS = 20_000
"""Parts of one piece of data that are looked at; what is beyond them is hidden."""


class MaskingRules(Struct, frozen=True, kw_only=True):
    """What counts as sensitive.

    Attributes:
        filter_parameters: Parts of sensitive keys. Case does not count, and ``-`` is as
            ``_``. A few are sensitive in any case: authorization, cookie, credential,
            passphrase, pwd, api key, private key, access key.
        filter_mask: What stands for a value that is hidden.
    """

    filter_parameters: tuple[str, ...] = FILTER_PARAMETERS
    filter_mask: str = FILTER_MASK

    def __post_init__(self) -> None:
        parts: object = self.filter_parameters
        if not isinstance(parts, tuple) or not all(isinstance(p, str) and p.strip() for p in parts):
            raise ValueError(
                f"filter_parameters is {self.filter_parameters!r}; it must be a tuple of texts, "
                "none of them empty"
            )
        if not self.filter_mask or not re.fullmatch(r"[^\s\"'\\=:@,;&]+", self.filter_mask):
            raise ValueError(
                f"filter_mask is {self.filter_mask!r}; it must be one word without quotes and "
                "separators, as in [FILTERED]"
            )


DEFAULT_RULES = MaskingRules()


@cache
def text_mask(rules: MaskingRules) -> TextMask:
    """Return what finds secrets in text by the rules."""
    return TextMask(rules.filter_parameters, rules.filter_mask)


class Masker:
    """Hides secrets in text, in JSON-like data and in the records of errors.

    Args:
        secrets: Values that are hidden wherever they turn up in what this one is given.
        everywhere: Those that every masker of the process hides as well, for as long as
            this one lives: what belongs to one definition may be told by another. Short
            ones and ordinary words, see `is_distinctive`, are hidden by this one alone.
        rules: What else is hidden.
    """

    def __init__(
        self,
        secrets: Iterable[str] = (),
        *,
        everywhere: Iterable[str] = (),
        rules: MaskingRules = DEFAULT_RULES,
    ) -> None:
        everywhere = frozenset(everywhere)
        self.secrets = frozenset(s for s in everywhere.union(secrets) if len(s) >= SHORTEST_SECRET)
        self.everywhere = frozenset(filter(is_distinctive, everywhere))
        self.rules = rules
        self._mask = rules.filter_mask
        self._text = text_mask(rules)
        self._pattern = pattern_of(self.secrets)
        self._longest = max(map(len, self.secrets), default=0)
        if self.everywhere:
            _known.add(self)

    def text(self, text: str) -> str:
        """Return a text without secrets; a very long one is cut."""
        try:
            if len(text) <= LONGEST_TEXT:
                return self._text.hide(self._known(text))
            kept = self._text.hide(self._known(text[:LONGEST_TEXT]))
            # The cut may have left the beginning of a secret, which nothing finds.
            most = 4 * max(self._longest, _known.longest, SHORTEST_SECRET)
            return f"{kept[: max(0, len(kept) - most)]}… (cut)"
        except Exception:
            return self._mask

    def known(self, text: str) -> str:
        """Return a text without the values that are known to be secret; nothing else is hidden."""
        try:
            return self._known(text)
        except Exception:
            return self._mask

    def is_sensitive(self, key: str) -> bool:
        """Whether what stands under a key is hidden."""
        return self._text.is_sensitive(key)

    def data(self, data: Any) -> Any:
        """Return data without secrets in keys or values, as dicts, lists, text and numbers.

        What is none of these becomes the text of its ``repr``.
        """
        try:
            return _Walk(self).part(data, 0)
        except Exception:
            return self._mask

    def without_known(self, raw: Raw | None) -> Raw | None:
        """Return JSON without the values that are known to be secret; keys do not matter."""
        if raw is None or (self._pattern is None and not _known):
            return raw
        try:
            return Raw(msgspec.json.encode(self._known_in(msgspec.json.decode(raw))))
        except Exception:
            return Raw(msgspec.json.encode(self._mask))

    def record(self, error: ErrorRecord) -> ErrorRecord:
        """Return an error's record without secrets."""
        return msgspec.structs.replace(
            error,
            message=self.text(error.message),
            error_code=None if error.error_code is None else self.known(error.error_code),
            # Files, lines and functions: there are no keys in it, though it may look so.
            backtrace=tuple(map(self.known, error.backtrace)),
            context=None if error.context is None else self._facts(error.context),
        )

    def _facts(self, context: Raw) -> Raw:
        try:
            facts = self.data(msgspec.json.decode(context))
            return Raw(msgspec.json.encode(facts if isinstance(facts, dict) else {"facts": facts}))
        except Exception:
            return Raw(msgspec.json.encode({"facts": self._mask}))

    def _known(self, text: str) -> str:
        if self._pattern is not None:
            text = self._pattern.sub(self._replacement, text)
        return _known.hide(text, self._replacement)

    def _replacement(self, found: re.Match[str]) -> str:
        return self._mask

    def _known_in(self, data: Any) -> Any:
        if isinstance(data, str):
            return self._known(data)
        if isinstance(data, dict):
            return {self._known(key): self._known_in(part) for key, part in data.items()}
        if isinstance(data, list):
            return [self._known_in(part) for part in data]
        return data


class _Walk:
    """One walk through data, which ends in bounded time."""

    def __init__(self, masker: Masker) -> None:
        self._masker = masker
        self._mask = masker.rules.filter_mask
        self._left = MOST_PARTS

    def part(self, data: Any, depth: int) -> Any:
        if data is None or isinstance(data, bool):
            return data
        self._left -= 1
        if self._left < 0 or depth > DEEPEST:
            return self._mask
        if isinstance(data, str):
            return self._masker.text(str(data))
        if isinstance(data, int | float):
            return data
        if isinstance(data, Mapping):
            return self._mapping(data, depth)
        if isinstance(data, list | tuple | set | frozenset):
            return self._items(data, depth)
        return self._masker.text(_text_of(data))

    def _mapping(self, data: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        for key, part in data.items():
            name = key if isinstance(key, str) else _text_of(key)
            hidden = part is not None and self._masker.is_sensitive(name)
            shown[self._masker.text(name)] = self._mask if hidden else self.part(part, depth + 1)
            if self._left < 0:
                break
        return shown

    def _items(self, data: Iterable[Any], depth: int) -> list[Any]:
        items = list(data)
        if len(items) == 2 and isinstance(items[0], str) and self._masker.is_sensitive(items[0]):
            # A pair, as headers are often kept.
            return [self._masker.text(items[0]), self._mask]
        shown = []
        for each in items:
            shown.append(self.part(each, depth + 1))
            if self._left < 0:
                break
        return shown


def _text_of(value: Any) -> str:
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode("utf-8", "replace")
    return str(value) if isinstance(value, BaseException) else repr(value)


class _Known:
    """What the living maskers of this process want hidden everywhere.

    Logs belong to the process and not to an engine: whoever writes a line does not know
    whose secret is in it. Hence this one thing that all share. It holds nobody alive.
    """

    def __init__(self) -> None:
        self._holders: WeakSet[Masker] = WeakSet()
        self._made_for = 0
        self._pattern: re.Pattern[str] | None = None
        self.longest = 0

    def __bool__(self) -> bool:
        return len(self._holders) > 0

    def add(self, masker: Masker) -> None:
        self._holders.add(masker)
        self._made_for = -1

    def hide(self, text: str, replacement: Any) -> str:
        if len(self._holders) != self._made_for:
            self._make()
        return text if self._pattern is None else self._pattern.sub(replacement, text)

    def _make(self) -> None:
        holders = list(self._holders)
        secrets = frozenset[str]().union(*(holder.everywhere for holder in holders))
        self._pattern, self._made_for = pattern_of(secrets), len(holders)
        self.longest = max(map(len, secrets), default=0)


_known = _Known()
