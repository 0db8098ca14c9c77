"""Finding tasks, and what an address brings back."""

import pytest
from playwright.sync_api import expect


@pytest.fixture(scope="module")
def tasks(shop, tmp_path_factory):
    """One task complete and one in error, with a tag that no others have."""
    never = str(tmp_path_factory.mktemp("finding") / "never")
    made = []
    for context in ({}, {"paid": never}):
        body = {"name": "order", "namespace": "shop", "context": context, "tags": ["finding"]}
        answer = shop.post("/tasks", body, headers={"Prefer": "wait=20"})
        made.append(answer.json())
    return made


def rows(page):
    return page.locator("tbody tr")


def test_the_address_holds_the_filter(desk, tasks):
    page = desk.open("tasks?tag=finding")
    expect(rows(page)).to_have_count(2)
    page.get_by_role("group", name="States").get_by_role("button", name="error").click()
    expect(rows(page)).to_have_count(1)
    assert "status=error" in page.url
    page.reload()
    expect(rows(page)).to_have_count(1)
    expect(page.get_by_role("button", name="error")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Drop the filter #finding").click()
    assert "tag=" not in page.url
    page.get_by_role("link", name="Clear all").click()
    expect(page.get_by_role("link", name="Clear all")).to_have_count(0)


def test_a_search_takes_ids_tags_and_names(desk, tasks):
    page = desk.open("tasks")
    search = page.get_by_role("searchbox")
    search.fill("#finding")
    search.press("Enter")
    expect(rows(page)).to_have_count(2)
    search.fill("shop.order@1.0.0")
    search.press("Enter")
    for part in ("namespace=shop", "name=order", "version=1.0.0"):
        assert part in page.url
    expect(page.get_by_text("No task matches")).to_be_visible()
    search.fill(tasks[0]["task_id"])
    search.press("Enter")
    expect(page.locator("h1")).to_contain_text("complete")


def test_pages_of_a_list_lead_on_and_back(desk, shop):
    asked = [{"name": "echo", "namespace": "lab", "tags": ["paged"]} for _ in range(30)]
    assert shop.post("/tasks/bulk", {"tasks": asked}).json()["created"] == 30
    page = desk.open("tasks?tag=paged")
    expect(rows(page)).to_have_count(25)
    page.get_by_role("link", name="Older").click()
    expect(rows(page)).to_have_count(5)
    page.get_by_role("link", name="Newest").click()
    expect(rows(page)).to_have_count(25)


def test_an_address_of_nothing_says_so(desk):
    page = desk.page
    page.goto(f"{desk.url}/dashboard#/tasks/no-such-task")
    expect(page.get_by_text("There is no task no-such-task")).to_be_visible()
    page.goto(f"{desk.url}/dashboard#/nowhere")
    expect(page.get_by_text("There is no such page")).to_be_visible()
    page.goto(f"{desk.url}/dashboard/#/tasks?tag=finding")
    expect(page.locator("h1")).to_have_text("Tasks")
    assert "tag=finding" in page.url


def test_versions_of_a_definition_are_compared(desk):
    page = desk.open("definitions")
    page.get_by_role("link", name="order", exact=True).click()
    expect(page.locator(".node")).to_have_count(4)
    page.get_by_label("Compared with").select_option("1.0.0")
    changes = page.get_by_role("region", name="What changed").first
    for text in ("removed", "fax", "added", "check_fraud", "changed", "attempts"):
        expect(changes).to_contain_text(text)
    expect(page.locator('.node.removed[data-step="fax"]')).to_have_count(1)
    expect(page.locator('.node.changed[data-step="charge"]')).to_have_count(2)
    assert "compare=1.0.0" in page.url


def test_actors_bottlenecks_and_histories_are_shown(desk, tasks):
    page = desk.open("actors")
    expect(page.get_by_role("table", name="Actors")).to_contain_text("journal")
    expect(page.get_by_role("img", name="messages").first).to_be_visible()
    page = desk.open("bottlenecks")
    expect(page.get_by_role("region", name="Errors").first).to_contain_text("PermanentError")
    page = desk.open(f"tasks/{tasks[1]['task_id']}?tab=history")
    expect(page.get_by_role("table", name="What was recorded")).to_contain_text("declined the card")
