"""Names of definitions, namespaces and steps: those that can be written everywhere.

``namespace.name@version`` must come apart in one way, and the command line takes what
holds a slash for a file. Steps are named alone, after their task.
"""

from __future__ import annotations

import re

LONGEST = 128

_PLAIN = re.compile(r"[\w-]+")
_OF_STEP = re.compile(r"[\w./-]+")


def wrong_with(name: str, *, of_step: bool = False) -> tuple[str, str] | None:
    """What is wrong with a name and what to do about it, or None."""
    if not name:
        return "is empty", "give it a name"
    if len(name) > LONGEST:
        return f"has {len(name)} characters", f"use at most {LONGEST}"
    if name in (".", ".."):
        return "means a place in paths", "use letters or digits too"
    if (_OF_STEP if of_step else _PLAIN).fullmatch(name):
        return None
    allowed = _OF_STEP if of_step else _PLAIN
    found = next(each for each in name if not allowed.fullmatch(each))
    remedy = "use letters, digits, _, -, / and ." if of_step else "use letters, digits, _ and -"
    return f"has {_described(found)} in it", remedy


def _described(character: str) -> str:
    if character.isspace():
        return "a blank"
    return repr(character) if character.isprintable() else "a character that cannot be printed"
