"""Words in pictures: nothing that a name or an error holds can become markup."""

from __future__ import annotations

from html import escape


def printable(text: str) -> str:
    """Return a text with its control characters spelled out; XML has no place for them."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape", "surrogatepass").decode()
        for each in text
    )


def xml(text: str) -> str:
    """Return a text for an element or a quoted attribute of XML and HTML."""
    return escape(printable(text), quote=True)


def clipped(text: str, most: int) -> str:
    """Return at most so many characters, with a sign where it was cut."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def duration(seconds: float) -> str:
    """Return a length of time: ``0s``, ``250ms``, ``3.2s``, ``1m 05s``, ``2h 03m``, ``3d 4h``."""
    if seconds < 1:
        return f"{seconds * 1000:.0f}ms" if seconds > 0 else "0s"
    if seconds < 60:
        return f"{seconds:.1f}".removesuffix(".0") + "s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m {rest:02d}s" if rest else f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours}h {minutes:02d}m" if minutes else f"{hours}h"
    days, hours = divmod(hours, 24)
    return f"{days}d {hours}h" if hours else f"{days}d"


def word(state: str) -> str:
    """Return a state as people write it."""
    return state.replace("_", " ")


def counted(count: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
