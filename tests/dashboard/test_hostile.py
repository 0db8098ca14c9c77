"""Text that would be markup or script, in every place that takes text."""

import pytest
from playwright.sync_api import expect

from tests.dashboard.browser import seen
from tests.dashboard.shop import HOSTILE as OF_DEFINITION

HURTS = [
    "<script>window.hurt='script'</script>",
    "<img src=x onerror=\"window.hurt='img'\">",
    '"><svg onload="window.hurt=\'svg\'">',
    "javascript:window.hurt='url'",
    "${window.hurt='template'}{{window.hurt='mustache'}}",
]
ALL_AT_ONCE = f"javascript:window.hurt='url'//{''.join(HURTS)}"


@pytest.mark.parametrize(
    "hurt", [ALL_AT_ONCE, *(pytest.param(each, marks=pytest.mark.long) for each in HURTS)]
)
def test_text_is_shown_as_text(hurt, chromium, shop, submit):
    task = submit(
        "echo",
        "lab",
        context={"fails": hurt, hurt: [hurt, {hurt: hurt}]},
        initiator=hurt,
        source_system=hurt,
        reason=hurt,
        tags=[hurt],
    )
    where = f"tasks/{task['task_id']}"
    shop.post(f"/{where}/annotations", {"type": hurt, "annotation": {hurt: hurt}})
    done = submit("echo", "lab", context={hurt: hurt})
    with seen(chromium, shop.url) as shown:
        for address in (
            *("overview", "tasks", "bottlenecks", "audit"),
            *(f"{where}?step=say&tab={tab}" for tab in ("steps", "context", "history")),
            *(f"{where}?tab=notes", f"{where}?tab=about", f"tasks/{done['task_id']}?step=say"),
        ):
            page = shown.open(address)
            assert page.evaluate("window.hurt") is None, address
            assert page.locator("#app script, #app img, svg svg, [onload], [onerror]").count() == 0
        page = shown.open(f"{where}?step=say&tab=context")
        expect(page.locator(".fault-text")).to_have_text(hurt)
        expect(page.locator(".json-text").filter(has_text=hurt).first).to_be_visible()
        page.get_by_role("link", name=hurt, exact=True).click()
        expect(page.locator("tbody tr")).to_have_count(1)
        assert page.evaluate("window.hurt") is None


def test_what_a_definition_and_an_address_say_is_text_as_well(desk):
    page = desk.open("definitions/shop/order")
    expect(page.locator(".lead")).to_have_text(OF_DEFINITION)
    page.goto(f"{desk.url}/dashboard#/tasks/{'%3Cimg%20src%3Dx%20onerror%3Dhurt()%3E'}")
    expect(page.get_by_text("There is no task <img src=x onerror=hurt()>")).to_be_visible()
    page.goto(f"{desk.url}/dashboard#/tasks?namespace=%3Cb%3E&status=%3Cb%3E&tag=%3Cb%3E")
    expect(page.get_by_role("alert")).to_be_visible()
    assert page.locator("b").count() == 0


def test_the_policy_of_the_page_lets_nothing_else_in(desk, shop):
    answer = shop.get("/dashboard")
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "<script>" not in answer.text
    assert "style=" not in answer.text
    page = desk.open("overview")
    tried = """() => {
        const tell = (work) => {
            try { work(); return "done"; } catch (error) { return error.name; }
        };
        return [
            tell(() => { document.body.innerHTML += "<p>"; }),
            tell(() => { document.createElement("script").text = "window.hurt = 1"; }),
            tell(() => { document.createElement("script").src = "https://example.com/x.js"; }),
        ];
    }"""
    assert page.evaluate(tried) == ["TypeError"] * 3
    desk.faults.clear()
