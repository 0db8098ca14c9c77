"""The nodes of a database, on the page of actors: seen by most, drained by some."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tasker.server.access.tokens import TokenFile
from tests.dashboard.browser import seen
from tests.dashboard.conftest import SHOP
from tests.dashboard.test_look import problems
from tests.dashboard.test_signing_in import sign_in
from tests.server.serving import served

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def tokens(tmp_path_factory):
    file = TokenFile(tmp_path_factory.mktemp("nodes") / "tokens.json")
    made = {
        name: file.create(name, [name], expires_at=NOW + timedelta(days=1), now=NOW)
        for name in ("admin", "viewer")
    }
    return file.path, made


@pytest.fixture(scope="module")
def pair(chromium, postgres, tokens, tmp_path_factory):
    """Two servers of one database."""
    options = ("--store", postgres.url(), "--tokens", tokens[0])
    folder = tmp_path_factory.mktemp("pair")
    with served(folder, *options, app=SHOP) as one, served(folder, *options, app=SHOP) as two:
        yield one, two


def test_nodes_are_seen_by_most_and_drained_by_some(chromium, pair, tokens):
    one, two = pair
    with seen(chromium, one.url) as shown:
        page = shown.open("actors")
        sign_in(shown, tokens[1]["viewer"])
        rows = page.get_by_role("table", name="Nodes").locator("tbody tr")
        expect(rows).to_have_count(2)
        expect(page.get_by_role("table", name="Actors")).to_contain_text("journal")
        expect(page.get_by_role("button", name="Drain")).to_have_count(0)
    with seen(chromium, one.url) as shown:
        page = shown.open("actors")
        sign_in(shown, tokens[1]["admin"])
        rows = page.get_by_role("table", name="Nodes").locator("tbody tr")
        other = rows.filter(has_text=f"process {two.child.pid}")
        expect(other).to_contain_text("working")
        assert problems(page) == []
        shown.picture("nodes")
        other.get_by_role("button", name="Drain").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text(f"Process {two.child.pid}")
        dialog.get_by_role("button", name="Drain the node").click()
        expect(other).to_contain_text("draining")
        expect(other.get_by_role("button", name="Drain")).to_have_count(0)
        expect(rows.get_by_role("button", name="Drain")).to_have_count(1)


def test_one_node_alone_is_not_listed(desk):
    page = desk.open("actors")
    expect(page.get_by_role("table", name="Actors")).to_contain_text("journal")
    expect(page.get_by_role("table", name="Nodes")).to_have_count(0)
