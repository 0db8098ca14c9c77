"""Check that every relative link in the documentation leads somewhere.

Run as `make docs`. Needs Python alone. Links to other sites are left alone: the
answer would depend on the network, and on the day.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).parents[1]

# [text](target) and ![text](target "title"), outside code.
LINK = re.compile(r"\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)")
CODE = re.compile(r"^(```|~~~).*?^\1|`[^`\n]+`", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+\s+(.+?)\s*#*$", re.MULTILINE)
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def pages(root: Path) -> list[Path]:
    """List the Markdown files at the top and under `docs`."""
    return sorted([*root.glob("*.md"), *root.glob("docs/**/*.md")])


def broken_links(page: Path) -> Iterator[str]:
    """Yield a line for each link of a page that leads nowhere."""
    text = blank_code(page.read_text(encoding="utf-8"))
    for match in LINK.finditer(text):
        target = match[1]
        if ELSEWHERE.match(target):
            continue
        line = text.count("\n", 0, match.start()) + 1
        name, _, anchor = unquote(target).partition("#")
        aim = page.parent / name if name else page
        if not aim.exists():
            yield f"{page}:{line}: no such file: {target}"
        elif anchor and aim.suffix == ".md" and anchor not in anchors(aim):
            yield f"{page}:{line}: no such heading: {target}"


def blank_code(text: str) -> str:
    """Replace code by as many empty lines: a link in an example is no link."""
    return CODE.sub(lambda match: "\n" * match[0].count("\n"), text)


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, made as GitHub makes them."""
    text = re.sub(r"^(```|~~~).*?^\1", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    headings = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in HEADING.findall(text))
    return {heading.replace(" ", "-") for heading in headings}


def main() -> int:
    """Print what is broken; fail if anything is."""
    broken = [line for page in pages(ROOT) for line in broken_links(page)]
    print("\n".join(broken) or f"{len(pages(ROOT))} pages, every link leads somewhere")
    return bool(broken)


if __name__ == "__main__":
    sys.exit(main())
