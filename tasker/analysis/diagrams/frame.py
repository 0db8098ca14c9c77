"""The element around a picture: its size, its words for those who cannot see it, its style."""

from __future__ import annotations

from collections.abc import Iterable

from tasker.analysis.diagrams.palette import style_sheet
from tasker.analysis.diagrams.text import xml


def svg(body: Iterable[str], *, width: float, height: float, title: str, description: str) -> str:
    """Return a whole SVG document, without script and without anything from elsewhere.

    Args:
        body: Elements.
        width: Pixels.
        height: Pixels.
        title: What it shows.
        description: The same in more words.
    """
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="tasker" role="img" {size}>',
            f"<title>{xml(title)}</title>",
            f"<desc>{xml(description)}</desc>",
            f"<style>{style_sheet()}</style>",
            '<rect class="ground" width="100%" height="100%"/>',
            *body,
            "</svg>",
        ]
    )
