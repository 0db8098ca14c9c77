"""The colours of states, for light and dark screens.

Text on each fill has a contrast of at least 4.5, lines and bars on the background of
at least 3, as WCAG 2.1 asks for; a test computes them. No state is told by colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct


class Colours(Struct, frozen=True):
    """A box of a state, and the stroke that bars of it have too."""

    fill: str
    stroke: str


class Theme(Struct, frozen=True, kw_only=True):
    """The colours of one kind of screen. ``faint`` is that of lines behind all others."""

    background: str
    text: str
    muted: str
    faint: str
    critical: str
    states: Mapping[str, Colours]


LIGHT = Theme(
    background="#ffffff",
    text="#1f2328",
    muted="#59636e",
    faint="#d1d9e0",
    critical="#bf3989",
    states={
        "pending": Colours("#f6f8fa", "#6e7781"),
        "not_run": Colours("#f6f8fa", "#6e7781"),
        "in_progress": Colours("#cfe8ff", "#0969da"),
        "retrying": Colours("#fff3c4", "#9a6700"),
        "complete": Colours("#d3f5d8", "#1a7f37"),
        "error": Colours("#ffd7d5", "#cf222e"),
        "cancelled": Colours("#eeeae0", "#7d6a2c"),
        "resolved_manually": Colours("#ecd8ff", "#8250df"),
    },
)
DARK = Theme(
    background="#0d1117",
    text="#f0f6fc",
    muted="#9198a1",
    faint="#3d444d",
    critical="#f778ba",
    states={
        "pending": Colours("#21262d", "#8b949e"),
        "not_run": Colours("#21262d", "#8b949e"),
        "in_progress": Colours("#0c2d6b", "#58a6ff"),
        "retrying": Colours("#4b2900", "#d29922"),
        "complete": Colours("#0f4220", "#3fb950"),
        "error": Colours("#67060c", "#ff7b72"),
        "cancelled": Colours("#39321f", "#c9a94f"),
        "resolved_manually": Colours("#3c1e70", "#bc8cff"),
    },
)
SIGNS = {
    "pending": "○",
    "not_run": "·",
    "in_progress": "●",
    "retrying": "↻",
    "complete": "✔",
    "error": "✘",
    "cancelled": "■",
    "resolved_manually": "◆",
}
"""A sign for each state, for those who do not tell its colour."""
FONT = "ui-sans-serif,system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"


def style_sheet() -> str:
    """Return the rules that pictures and pages share, without any variable.

    Viewers that know nothing of dark screens, or of CSS variables, show the light one.
    """
    return f"{_rules(LIGHT)}@media (prefers-color-scheme:dark){{{_rules(DARK)}}}"


def _rules(theme: Theme) -> str:
    rules = {
        ".ground": f"fill:{theme.background}",
        "text": f"fill:{theme.text};font-family:{FONT};font-size:13px",
        "text.muted": f"fill:{theme.muted};font-size:12px",
        "text.strong": "font-weight:600",
        ".grid": f"stroke:{theme.faint};stroke-width:1",
        ".edge": f"fill:none;stroke:{theme.muted};stroke-width:1.2",
        ".edge.critical": f"stroke:{theme.critical};stroke-width:2.6",
        ".arrow": f"fill:{theme.muted}",
        ".arrow.critical,.band.critical": f"fill:{theme.critical}",
        ".pause": f"fill:{theme.faint};opacity:.55",
        ".box.critical": f"stroke:{theme.critical};stroke-width:2.6",
        "text.on-bar": f"fill:{theme.background};font-size:11px;font-weight:600",
    }
    for state, colours in theme.states.items():
        dashes = ";stroke-dasharray:4 3" if state == "not_run" else ""
        rules[f".box.{state}"] = (
            f"fill:{colours.fill};stroke:{colours.stroke};stroke-width:1.4{dashes}"
        )
        rules[f".bar.{state}"] = f"fill:{colours.stroke}"
    waiting, backoff = theme.states["pending"], theme.states["retrying"]
    rules[".bar.queued"] = f"fill:{waiting.fill};stroke:{waiting.stroke};stroke-width:1"
    rules[".bar.backoff"] = (
        f"fill:{backoff.fill};stroke:{backoff.stroke};stroke-width:1;stroke-dasharray:3 2"
    )
    # After the states, whose strokes it overrules.
    rules[".box.critical"] = rules.pop(".box.critical")
    return "".join(
        f"{','.join(f'.tasker {each}' for each in selector.split(','))}{{{rule}}}"
        for selector, rule in rules.items()
    )
