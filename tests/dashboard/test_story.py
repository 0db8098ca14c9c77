"""A task from its submission to its end, as somebody sees it who looks at the dashboard."""

from playwright.sync_api import expect

from tests.dashboard.browser import seen
from tests.dashboard.conftest import SHOP
from tests.server.serving import served


def row(page, task):
    return page.locator("tbody tr").filter(has_text=task["task_id"][-8:])


def node(page, step):
    return page.locator(f'.node[data-step="{step}"]')


def test_a_task_is_watched_to_its_failure_mended_and_watched_to_its_end(desk, submit, tmp_path):
    gate, paid = tmp_path / "gate", tmp_path / "paid"
    page = desk.open("tasks")
    task = submit(wait=0, context={"gate": str(gate), "paid": str(paid)})
    # It appears by itself.
    expect(row(page, task)).to_contain_text("in progress")
    row(page, task).get_by_role("link", name="order").click()
    expect(page.locator("h1")).to_contain_text("in progress")
    expect(node(page, "validate")).to_contain_text("in progress")
    expect(node(page, "charge")).to_contain_text("pending")
    expect(page.locator(".live")).to_have_text("live")
    desk.picture("story-1-running")

    gate.touch()
    expect(page.locator("h1")).to_contain_text("error")
    expect(node(page, "validate")).to_contain_text("complete")
    expect(node(page, "ship")).to_contain_text("not run")
    node(page, "charge").click()
    panel = page.get_by_role("region", name="charge")
    expect(panel).to_contain_text("the bank has declined the card")
    expect(panel).to_contain_text("DECLINED")
    expect(panel).to_contain_text("4242")
    assert "step=charge" in page.url
    desk.picture("story-2-failed")

    paid.touch()
    panel.get_by_role("button", name="Retry now").click()
    expect(page.locator("h1")).to_contain_text("complete")
    expect(node(page, "ship")).to_contain_text("complete")
    expect(panel).to_contain_text("A-17")
    expect(panel.get_by_role("button", name="Retry now")).to_have_count(0)
    expect(page.locator('.tl-row svg[aria-label*="charge: attempt 1 ran"]')).to_have_count(1)
    expect(page.locator(".node.on-path")).to_have_count(3)
    desk.picture("story-3-complete")


def test_what_cannot_be_taken_back_is_asked_twice(desk, shop, submit, tmp_path):
    gate = tmp_path / "gate"
    task = submit(wait=0, context={"gate": str(gate)})
    page = desk.open(f"tasks/{task['task_id']}")
    page.get_by_role("button", name="Cancel", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("cannot be taken back")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert shop.get(f"/tasks/{task['task_id']}").json()["status"] == "in_progress"
    page.get_by_role("button", name="Cancel", exact=True).click()
    dialog.get_by_label("Why").fill("ordered twice")
    dialog.get_by_role("button", name="Cancel the task").click()
    expect(page.locator("h1")).to_contain_text("cancelled")
    events = shop.get(f"/tasks/{task['task_id']}/events").json()["events"]
    assert "ordered twice" in str(events)


def test_a_task_is_paused_and_goes_on(desk, submit, tmp_path):
    gate = tmp_path / "gate"
    task = submit(wait=0, context={"gate": str(gate)})
    page = desk.open(f"tasks/{task['task_id']}")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("h1")).to_contain_text("paused")
    gate.touch()
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("h1")).to_contain_text("complete")


def test_a_step_is_taken_as_done_with_results(desk, submit, tmp_path):
    task = submit(context={"paid": str(tmp_path / "never")})
    page = desk.open(f"tasks/{task['task_id']}?step=charge")
    panel = page.get_by_role("region", name="charge")
    panel.get_by_role("button", name="Resolve").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Results").fill("{no json")
    dialog.get_by_role("button", name="Resolve the step").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Results is no JSON")
    dialog.get_by_label("Results").fill('{"receipt": "by hand"}')
    dialog.get_by_role("button", name="Resolve the step").click()
    expect(page.locator("h1")).to_contain_text("complete")
    expect(panel).to_contain_text("by hand")


def test_a_note_is_added(desk, submit):
    task = submit()
    page = desk.open(f"tasks/{task['task_id']}?tab=notes")
    page.get_by_role("button", name="Add a note").click()
    page.get_by_role("dialog").get_by_label("Text").fill("called the customer")
    page.get_by_role("dialog").get_by_role("button", name="Add the note").click()
    expect(page.get_by_role("table", name="Notes")).to_contain_text("called the customer")


def test_what_the_server_refuses_is_told(desk, shop, submit, tmp_path):
    task = submit(context={"paid": str(tmp_path / "never")})
    page = desk.open(f"tasks/{task['task_id']}")
    page.route("**/retry", lambda route: route.fulfill(status=409, json={"detail": "not now"}))
    page.get_by_role("button", name="Retry").first.click()
    expect(page.get_by_role("alert").filter(has_text="not now")).to_be_visible()


def test_the_overview_counts_by_itself(desk, submit):
    page = desk.open("overview")
    latest = page.get_by_role("region", name="Latest tasks").first
    for number in range(2):
        task = submit(reason=f"number {number}")
        expect(latest).to_contain_text(task["task_id"][-8:])
    expect(page.locator(".live")).to_have_text("live")


def test_a_server_that_is_gone_is_told_and_found_again(chromium, tmp_path):
    with served(tmp_path, app=SHOP) as before, seen(chromium, before.url) as shown:
        known = before.task({"name": "echo", "namespace": "lab"})
        page = shown.open("tasks")
        expect(page.locator(".live")).to_have_text("live")
        before.child.kill()
        banner = page.get_by_role("alert").filter(has_text="The server does not answer")
        expect(banner).to_be_visible()
        expect(row(page, known)).to_be_visible()
        shown.picture("server-gone")
        port = before.client.base_url.port
        with served(tmp_path, "--port", port, app=SHOP) as after:
            expect(banner).to_have_count(0)
            missed = after.task({"name": "echo", "namespace": "lab"})
            expect(row(page, missed)).to_contain_text("complete")
        # Or the page's stream would have its end told as a fault.
        page.goto("about:blank")
        shown.faults.clear()
