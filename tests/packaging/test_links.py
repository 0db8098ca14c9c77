"""The link checker finds what is broken, and the documentation has nothing broken."""

from pathlib import Path

import pytest

from docs.check_links import ROOT, broken_links, pages


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in pages(ROOT)])
def test_the_documentation_has_no_broken_link(page: Path):
    assert list(broken_links(page)) == []


@pytest.mark.parametrize("link", ["[a](gone.md)", "![a](gone.png)", "[a](#gone)", "[a](#gone-too)"])
def test_a_broken_link_is_named_with_its_line(tmp_path: Path, link: str):
    page = tmp_path / "page.md"
    page.write_text(f"# Here\n\n```\n[in an example](nowhere.md)\n```\n\n{link}\n")
    [line] = broken_links(page)
    assert line.startswith(f"{page}:7: ")


@pytest.mark.parametrize(
    "link",
    ["[a](page.md)", "[a](#where-its-at)", "[a](https://example.org/gone)", "`[a](gone.md)`"],
)
def test_a_good_link_is_let_be(tmp_path: Path, link: str):
    page = tmp_path / "page.md"
    page.write_text(f"# Where it's at\n\n{link}\n")
    assert list(broken_links(page)) == []
