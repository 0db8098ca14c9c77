"""A browser without a window, and what is kept of the pages that it shows."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Dialog,
    Page,
    ViewportSize,
    expect,
    sync_playwright,
)

from tests.cli.command import ROOT

PICTURES = ROOT / "test-output" / "dashboard"
"""Where pictures of pages are kept, for people to look at."""
SIZES = {
    "desktop": ViewportSize(width=1440, height=900),
    "phone": ViewportSize(width=390, height=844),
}
PATIENCE_MS = 15_000
expect.set_options(timeout=PATIENCE_MS)
_FLAGS = [
    *("--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"),
    *("--no-first-run", "--disable-sync", "--disable-component-update", "--disable-quic"),
]
# Chromium says so of every answer that is no success, also of those that a test wants.
_REFUSED = re.compile(r"Failed to load resource")


def chromium() -> str:
    """Return where Chromium is; skip the test where it is missing, fail it where CI=true."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        reason = "Chromium shows the dashboard: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@contextmanager
def browser() -> Iterator[Browser]:
    """Have a browser meanwhile."""
    path = chromium()
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=path, chromium_sandbox=os.geteuid() != 0, args=_FLAGS
        )
        try:
            yield opened
        finally:
            opened.close()


@dataclass
class Seen:
    """A page of the dashboard, and what went wrong in it."""

    page: Page
    url: str
    faults: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def hear(self, said: ConsoleMessage) -> None:
        """Take note of what the browser complains about."""
        if said.type in ("error", "warning") and not _REFUSED.search(said.text):
            self.faults.append(f"{said.type}: {said.text}")

    def refuse(self, asked: Dialog) -> None:
        """Take note of a dialog of the browser's: the pages have their own."""
        self.faults.append(f"a dialog: {asked.message}")
        asked.dismiss()

    def open(self, address: str = "overview") -> Page:
        """Go to an address, from anew."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.url}/dashboard#/{address}")
        self.settled()
        return self.page

    def settled(self) -> None:
        """Wait until everything is there that the page shows."""
        self.page.locator("h1").first.wait_for()
        expect(self.page.locator(".loading")).to_have_count(0)

    def picture(self, name: str) -> Path:
        """Keep a picture of the whole page."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        path = PICTURES / f"{name}.png"
        self.page.screenshot(path=path, full_page=True)
        return path


@contextmanager
def seen(
    opened: Browser, url: str, *, size: str = "desktop", scheme: Literal["light", "dark"] = "light"
) -> Iterator[Seen]:
    """Have a page meanwhile; nothing may have gone wrong in it at the end."""
    context = opened.new_context(viewport=SIZES[size], color_scheme=scheme, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    shown = Seen(context.new_page(), url)
    shown.page.on("pageerror", lambda error: shown.faults.append(f"error: {error}"))
    shown.page.on("console", shown.hear)
    shown.page.on("dialog", shown.refuse)
    shown.page.on("request", lambda request: shown.asked.append(request.url))
    try:
        yield shown
        assert shown.faults == []
        elsewhere = [each for each in shown.asked if not each.startswith((url, "about:"))]
        assert elsewhere == [], "everything comes from the server itself"
    finally:
        context.close()
