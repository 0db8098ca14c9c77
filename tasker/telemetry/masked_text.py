"""Finding in plain text what has the looks of a secret, and hiding it.

Text is scanned once from left to right; no pattern looks further than a bounded number
of characters before it decides, so that the time is in proportion to the length.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

ALWAYS = (
    *("authorization", "cookie", "credential", "passphrase", "pwd"),
    *("api_?key", "private_?key", "access_?key"),
)
"""Parts of keys that are sensitive whatever is configured; ``_?`` for no separator as well."""

_LINE_LONG = re.compile(r"authorization|cookie", re.IGNORECASE)
_NO_KEY = re.compile(r"(?:error|exception|warning)$", re.IGNORECASE)

_LOOKS = re.compile(
    r"""
    -----BEGIN\ [A-Z ]{0,40}PRIVATE\ KEY-----.*?(?:-----END\ [A-Z ]{0,40}-----|\Z)
    | (?<=://)[^\s/?#"'<>]{1,1024}@                           # user and password of a URL
    | \beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*                       # a JSON Web Token
    | \b(?i:bearer)\s+(?!\[)[^\s,;"'<>\\]+
    | \b(?i:basic)\s+(?=[a-z]*[A-Z0-9+/=])[A-Za-z0-9+/=_-]{6,}
    """,
    re.VERBOSE | re.DOTALL,
)
_SCHEME = re.compile(r"(?i:bearer|basic)\s+")

# After the telling part of a key: its rest, its closing quote, and what stands before
# the value.
_SEPARATOR = re.compile(
    r"""(?P<rest>[\w.\-]{0,64})
        (?P<quote>\\{0,8}["'])? [\])]{0,2}
        [ \t]{0,8} (?P<sign>=>|={1,3}|:=|:|,) [ \t]{0,8}""",
    re.VERBOSE,
)
_TAG_END = re.compile(r"[\w.\-]{0,64}(?:\s[^<>]{0,256})?(?P<sign>>)")
_IN_PAIR = re.compile(r"""\([ \t]{0,8}[bBuUrR]{0,2}\\{0,8}["'][\w.\-]{0,64}$""")
_IN_TAG = re.compile(r"<(?:\w{1,32}:)?[\w.\-]{0,64}$")
_OPENING = re.compile(r"""[bBuUrRfF]{0,2}(?P<slashes>\\{0,8})(?P<quote>["'])""")
_BARE = re.compile(
    r"""(?: [^\s,;&"'<>\])}\\]
          | \\(?!["'nr])
          | ,(?![\s"']|[\w.\-]{1,64}[=:]|$) )+""",
    re.VERBOSE,
)
_LINE = re.compile(r"""(?i:digest)\s[^\r\n]*|[^\r\n"'\\<>]+""")
_TAG_TEXT = re.compile(r"[^<]+")
_NOTHING = re.compile(r"(?:null|None|undefined)\b")
_BRACKET = re.compile(r"""[\[\](){}"']""")
_CLOSES = {"]": "[", ")": "(", "}": "{"}
_BEFORE = 100  # characters before a key that tell whether it stands in a pair or a tag


class TextMask:
    """Hides what stands under sensitive keys in text, and what looks like a secret by itself.

    Keys are found in ``key=value``, ``key: value``, JSON (also JSON in JSON), the repr of
    Python's containers, queries of URLs, headers and XML. What was quoted stays quoted, so
    that a line of JSON is a line of JSON afterwards.

    Args:
        parameters: Parts of sensitive keys; case does not count, and ``-`` is as ``_``.
        mask: What takes the place of a value.
    """

    def __init__(self, parameters: Iterable[str], mask: str) -> None:
        self._mask = mask
        parts = [re.escape(part).replace("_", "[-_]").replace(r"\-", "[-_]") for part in parameters]
        parts += [part.replace("_?", "[-_ ]?") for part in ALWAYS]
        self._key = re.compile("|".join(dict.fromkeys(parts)), re.IGNORECASE)

    def is_sensitive(self, key: str) -> bool:
        """Whether what stands under a key is to be hidden."""
        return self._key.search(key) is not None

    def hide(self, text: str) -> str:
        """Return the text without what looks like a secret."""
        return self._hide_values(_LOOKS.sub(self._hide_look, text))

    def _hide_look(self, found: re.Match[str]) -> str:
        look = found[0]
        if look.endswith("@"):
            return f"{self._mask}@"
        scheme = _SCHEME.match(look)
        return self._mask if scheme is None else scheme[0] + self._mask

    def _hide_values(self, text: str) -> str:
        kept: list[str] = []
        done, at = 0, 0
        while (key := self._key.search(text, at)) is not None:
            at = key.end()
            separator = _separator(text, key)
            if separator is None:
                continue
            start = separator.end()
            end, shown = self._value(text, start, key, separator)
            if end > start:
                kept += (text[done:start], shown)
                done = at = end
        return "".join([*kept, text[done:]]) if kept else text

    def _value(
        self, text: str, start: int, key: re.Match[str], separator: re.Match[str]
    ) -> tuple[int, str]:
        """Return where a value ends, and what is shown instead; an empty one is let be."""
        if separator["sign"] == ">":
            found = _TAG_TEXT.match(text, start)
            return (start, "") if found is None else (found.end(), self._mask)
        opening = _OPENING.match(text, start)
        if opening is not None:
            end, closing = _end_of_quoted(text, opening)
            return end, f"{opening[0]}{self._mask}{closing}"
        around = separator["quote"] or ""
        shown = f"{around}{self._mask}{around}"
        if start < len(text) and text[start] in "[{(":
            return _end_of_brackets(text, start), shown
        if _NOTHING.match(text, start):
            return start, ""
        long = not around and _LINE_LONG.search(key[0] + separator["rest"])
        found = (_LINE if long else _BARE).match(text, start)
        return (start, "") if found is None else (found.end(), shown)


def _separator(text: str, key: re.Match[str]) -> re.Match[str] | None:
    """Return what parts a key from its value; None for a word of prose."""
    before = max(0, key.start() - _BEFORE)
    found = _SEPARATOR.match(text, key.end())
    if found is None:
        is_tag = _IN_TAG.search(text, before, key.start())
        return _TAG_END.match(text, key.end()) if is_tag else None
    if found["sign"] == ",":
        is_pair = found["quote"] and _IN_PAIR.search(text, before, key.start())
        return found if is_pair else None
    # "TokenError: …" names a class, and what follows is its message.
    is_class = found["sign"] == ":" and _NO_KEY.search(found["rest"])
    return None if is_class else found


def _end_of_quoted(text: str, opening: re.Match[str]) -> tuple[int, str]:
    """Return where a quoted value ends, and its closing quote, empty when there is none."""
    slashes, quote = len(opening["slashes"]), opening["quote"]
    at = opening.end()
    while (found := text.find(quote, at)) != -1:
        before = found
        while before > opening.end() and text[before - 1] == "\\":
            before -= 1
        run = found - before
        # Within JSON in JSON the closing quote has as many slashes as the opening one.
        if (run % 2 == 0) if slashes == 0 else (run <= slashes):
            return found + 1, "\\" * slashes + quote
        at = found + 1
    return len(text), ""


def _end_of_brackets(text: str, start: int) -> int:
    """Return where a bracket is closed; the end of the text when it is not."""
    open_ones: list[str] = []
    at = start
    while (found := _BRACKET.search(text, at)) is not None:
        sign, at = found[0], found.end()
        if sign in "\"'":
            opening = _OPENING.match(text, found.start())
            assert opening is not None
            at, _ = _end_of_quoted(text, opening)
        elif sign in _CLOSES:
            if not open_ones or open_ones.pop() != _CLOSES[sign]:
                return len(text)
            if not open_ones:
                return at
        else:
            open_ones.append(sign)
    return len(text)
