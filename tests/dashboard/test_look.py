"""What pages look like: labels, contrast, keyboard, phones; and pictures for people to look at."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.dashboard.browser import seen

ALL, SOME = None, ["tasks", "task-failed", "comparison"]
"""Pages to look at: every one, or those where the most stands side by side."""
LOOKS = [
    ("desktop", "light", ALL),
    ("phone", "dark", SOME),
    pytest.param("phone", "dark", ALL, marks=pytest.mark.long),
    pytest.param("desktop", "dark", ALL, marks=pytest.mark.long),
    pytest.param("phone", "light", ALL, marks=pytest.mark.long),
]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="module")
def addresses(shop, tmp_path_factory):
    """Every page by name, with something on each."""
    folder = tmp_path_factory.mktemp("look")
    tasks = {}
    for name, wait, context in (
        ("task-running", 0, {"gate": str(folder / "never")}),
        ("task-complete", 20, {}),
        ("task-failed", 20, {"paid": str(folder / "never")}),
    ):
        body = {"name": "order", "namespace": "shop", "context": context, "tags": ["gift", "eu"]}
        answer = shop.post("/tasks", body, headers={"Prefer": f"wait={wait}"})
        tasks[name] = answer.json()["task_id"]
    body = {"name": "echo", "namespace": "lab", "context": {"fails": "busy", "permanent": False}}
    shop.post("/tasks", body)
    failed = tasks["task-failed"]
    return {
        **{name: name for name in ("overview", "tasks", "definitions")},
        **{name: name for name in ("actors", "bottlenecks", "audit")},
        **{name: f"tasks/{task_id}" for name, task_id in tasks.items()},
        "task-step": f"tasks/{failed}?step=charge&tab=history",
        "task-notes": f"tasks/{failed}?tab=notes",
        "tasks-none": "tasks?tag=no-such-tag",
        "definition": "definitions/shop/order",
        "comparison": "definitions/shop/order?version=2.0.0&compare=1.0.0",
    }


def problems(page):
    found = Axe().run(page, options=RULES).response["violations"]
    return [
        f"{each['id']}: {each['help']}: {at['html'][:160]} {at['failureSummary'][:200]}"
        for each in found
        for at in each["nodes"]
    ]


@pytest.mark.parametrize(("size", "scheme", "names"), LOOKS)
def test_pages_can_be_read_by_everybody(size, scheme, names, chromium, shop, addresses):
    with seen(chromium, shop.url, size=size, scheme=scheme) as shown:
        for name in names or addresses:
            page = shown.open(addresses[name])
            shown.picture(f"{name}-{size}-{scheme}")
            assert problems(page) == [], name
            fits = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
            assert page.evaluate(fits), f"{name} is wider than the screen"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_dialogs_can_be_read_by_everybody(scheme, chromium, shop, addresses):
    with seen(chromium, shop.url, scheme=scheme) as shown:
        page = shown.open(addresses["task-step"])
        panel = page.get_by_role("region", name="charge")
        panel.get_by_role("button", name="Resolve").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert problems(page) == []
        shown.picture(f"dialog-{scheme}")


def test_the_keyboard_is_enough(desk, addresses):
    page = desk.open(addresses["task-failed"])
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.step") == "charge":
            break
    page.keyboard.press("Enter")
    panel = page.get_by_role("region", name="charge")
    expect(panel).to_be_visible()
    expect(page.locator('.node[data-step="charge"]')).to_be_focused()
    resolve = panel.get_by_role("button", name="Resolve")
    resolve.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(resolve).to_be_focused()


def test_colours_can_be_chosen_and_stay(desk):
    page = desk.open("overview")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_label("Colours").select_option("dark")
    dark = page.evaluate(ground)
    assert dark != light
    page.reload()
    desk.settled()
    assert page.evaluate(ground) == dark


def test_states_are_told_by_words_and_instants_exactly(desk, addresses):
    page = desk.open("tasks")
    for state in page.locator("tbody .state").all():
        assert state.inner_text().strip().lstrip("✔✘●○‖■◆").strip().isascii()
    told = page.locator("tbody time").first
    assert told.get_attribute("title").startswith(told.get_attribute("datetime")[:8])
