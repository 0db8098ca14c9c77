"""Who is signed in, and what they are offered."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tasker.server.access.tokens import TokenFile
from tests.dashboard.browser import seen
from tests.dashboard.conftest import SHOP
from tests.server.serving import served

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def guarded(chromium, tmp_path_factory):
    """A server that asks for tokens, tokens by name, and a task in error."""
    folder = tmp_path_factory.mktemp("guarded")
    file = TokenFile(folder / "tokens.json")
    tokens = {
        name: file.create(name, [name], expires_at=NOW + timedelta(days=1), now=NOW)
        for name in ("admin", "viewer", "submitter")
    }
    with served(folder, "--tokens", file.path, app=SHOP) as server:
        server.client.headers["Authorization"] = f"Bearer {tokens['admin']}"
        body = {"name": "echo", "namespace": "lab", "context": {"fails": "of old"}}
        task = server.post("/tasks", body, headers={"Prefer": "wait=20"}).json()
        yield server, tokens, task, file


@pytest.fixture
def visit(chromium, guarded):
    with seen(chromium, guarded[0].url) as shown:
        yield shown


def sign_in(shown, token):
    shown.page.get_by_label("Token").fill(token)
    shown.page.get_by_role("button", name="Sign in").click()


def test_nobody_is_shown_anything_before_they_sign_in(visit, guarded):
    _, tokens, task, _ = guarded
    page = visit.open(f"tasks/{task['task_id']}")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert "of old" not in page.content()
    sign_in(visit, "tsk_wrong")
    expect(page.get_by_role("alert")).to_contain_text("Nobody is known by this token")
    sign_in(visit, "not a token")
    expect(page.get_by_role("alert")).to_contain_text("Paste a token")
    visit.picture("sign-in")
    sign_in(visit, tokens["admin"])
    # Back at the address that they came for.
    expect(page.locator("h1")).to_contain_text("echo")
    expect(page.get_by_role("button", name="Retry")).to_be_visible()
    expect(page.locator(".user")).to_have_text("admin")


def test_the_token_stays_in_the_tab(visit, guarded):
    _, tokens, *_ = guarded
    page = visit.open()
    sign_in(visit, tokens["admin"])
    expect(page.locator("h1")).to_have_text("Overview")
    page.reload()
    expect(page.locator("h1")).to_have_text("Overview")
    assert page.context.cookies() == []
    assert tokens["admin"] not in page.evaluate("JSON.stringify(localStorage)")
    assert all(tokens["admin"] not in each for each in visit.asked)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0
    page.reload()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_only_what_somebody_may_do_is_offered(visit, guarded):
    _, tokens, task, _ = guarded
    page = visit.open(f"tasks/{task['task_id']}?step=say")
    sign_in(visit, tokens["viewer"])
    expect(page.locator(".fault-text")).to_have_text("of old")
    expect(page.locator(".actions")).to_have_count(0)
    places = page.get_by_role("navigation", name="Pages")
    expect(places.get_by_role("link", name="Actors")).to_be_visible()
    expect(places.get_by_role("link", name="Audit")).to_have_count(0)


def test_what_somebody_may_not_see_is_told(visit, guarded):
    _, tokens, *_ = guarded
    page = visit.open("tasks")
    sign_in(visit, tokens["submitter"])
    expect(page.get_by_role("alert")).to_contain_text("You may not see this")
    page.get_by_role("link", name="Overview", exact=True).click()
    expect(page.get_by_text("You may see none of what is shown here")).to_be_visible()


def test_the_audit_says_who_did_what(visit, guarded):
    server, tokens, task, _ = guarded
    server.post(f"/tasks/{task['task_id']}/resolve", {"reason": "seen to"})
    page = visit.open("audit")
    sign_in(visit, tokens["admin"])
    done = page.locator("tbody tr").filter(has_text="seen to")
    expect(done).to_contain_text("admin")
    done.get_by_role("link", name="resolve").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    assert "operation=resolve" in page.url
    visit.picture("audit")


def test_a_token_that_is_revoked_ends_the_visit(visit, guarded):
    *_, file = guarded
    token = file.create("brief", ["admin"], expires_at=None, now=NOW)
    page = visit.open("actors")
    sign_in(visit, token)
    expect(page.locator("h1")).to_have_text("Actors")
    file.revoke("brief")
    expect(page.get_by_role("alert")).to_contain_text("You are signed in no longer")
