"""The pages of the documentation, as the tests of them read them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

_BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>[^\n]*) -->\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```", re.M | re.S
)
_FILE = re.compile(r"# (?P<name>\w+\.(?:py|yaml))\n")


@dataclass(frozen=True)
class Block:
    """A fenced block. ``mark`` is the comment over it, ``line`` that of its first line."""

    kind: str
    text: str
    mark: str
    line: int

    @property
    def file(self) -> str | None:
        """The file that its first line names, for other blocks to use."""
        found = _FILE.match(self.text)
        return found["name"] if found else None


def blocks_of(page: Path) -> list[Block]:
    """Every fenced block of a page, in order."""
    text = page.read_text()
    return [
        Block(
            found["kind"],
            found["text"],
            found["mark"] or "",
            text.count("\n", 0, found.start("text")) + 1,
        )
        for found in _BLOCK.finditer(text)
    ]


def table_under(page: Path, first_heading: str) -> Iterator[list[str]]:
    """Rows of every table whose first column is headed so, without backquotes."""
    inside = False
    for line in page.read_text().splitlines():
        cells = [cell.strip().replace("`", "") for cell in re.split(r"(?<!\\)\|", line.strip("|"))]
        if not line.startswith("|"):
            inside = False
        elif cells[0] == first_heading:
            inside = True
        elif inside and not set(cells[0]) <= {"-"}:
            yield cells
