"""Handlers, health, metrics, figures and the documentation over HTTP."""

import re

import pytest

from tasker.cli.app import COMMANDS
from tests.server.serving import REPORT, problem


def test_namespaces_and_their_handlers(server):
    found = server.get("/handlers").json()
    shop = next(each for each in found["namespaces"] if each["name"] == "shop")
    # Counted by name: the two versions of checkout are one handler.
    assert (shop["handler_count"], shop["handlers"]) == (1, ["checkout"])
    assert found["total_namespaces"] == len(found["namespaces"])
    [checkout] = server.get("/handlers/shop").json()["handlers"]
    # By precedence, not as text; a pre-release is not the latest.
    assert checkout["versions"] == ["1.2.0", "1.10.0-rc.1"]
    assert checkout["latest_version"] == "1.2.0"
    assert checkout["step_names"] == ["validate", "charge", "ship"]
    problem(server.get("/handlers/nowhere"), 404, "NAMESPACE_NOT_FOUND")


def test_a_handler_with_its_graph(server):
    newest = server.get("/handlers/shop/checkout").json()
    assert newest == server.get("/handlers/shop/checkout", params={"version": "latest"}).json()
    assert newest["full_name"] == "shop.checkout@1.2.0"
    assert newest["dependency_graph"]["edges"] == [
        {"from": "validate", "to": "charge", "type": "single"},
        {"from": "charge", "to": "ship", "type": "single"},
    ]
    assert newest["dependency_graph"]["topology"] == ["validate", "charge", "ship"]
    assert newest["step_templates"][1]["default_retry_limit"] == 2
    assert newest["schema"]["required"] == ["order"]
    old = server.get("/handlers/shop/checkout", params={"version": "1.10.0-rc.1"}).json()
    assert [step["name"] for step in old["step_templates"]] == ["only"]
    problem(server.get("/handlers/shop/nothing"), 404, "HANDLER_NOT_FOUND")
    problem(server.get("/handlers/nowhere/nothing"), 404, "NAMESPACE_NOT_FOUND")
    wrong = server.get("/handlers/shop/checkout", params={"version": "9.9.9"})
    problem(wrong, 404, "HANDLER_NOT_FOUND")


def test_health(server):
    assert server.get("/health/live").json()["alive"] is True
    ready = server.get("/health/ready").json()
    assert (ready["ready"], sorted(ready["checks"])) == (True, ["journal", "loop", "store"])
    status = server.get("/health/status").json()
    assert (status["healthy"], status["pressure"]) == (True, "low")


def test_metrics_in_the_format_that_is_accepted(server):
    server.task(REPORT)
    plain = server.get("/metrics")
    assert plain.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert re.search(r'^tasker_tasks_submitted_total\{.*name="report".*\} ', plain.text, re.M)
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    opened = server.get("/metrics", headers=accept)
    assert opened.headers["content-type"].startswith("application/openmetrics-text")
    assert opened.text.endswith("# EOF\n")


def test_figures(server):
    server.failed_task()
    performance = server.get("/analytics/performance", params={"namespace": "shop"}).json()
    assert performance["scope"] == {"namespace": "shop", "name": None, "version": None}
    assert [each["hours"] for each in performance["performance"]["windows"]] == [1, 4, 24]
    found = server.get("/analytics/bottlenecks", params={"name": "checkout", "top": 3}).json()
    errors = [each["error_class"] for each in found["statistics"]["errors"]]
    assert "tasker.errors.PermanentError" in errors
    for params in ({"period": 0}, {"period": "abc"}, {"period": "nan"}, {"top": 0}):
        problem(server.get("/analytics/bottlenecks", params=params), 422, "INVALID_REQUEST")


def test_the_documentation_needs_nothing_beside_it(server):
    page = server.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert not re.search(r"<script|https?://", page.text)
    described = server.get("/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    assert described["servers"] == [{"url": "/tasker"}]
    for path in described["paths"]:
        assert f"<code>{path}</code>" in page.text


def test_paths_and_methods_that_are_not_there(server):
    problem(server.get("/nothing"), 404, "NOT_FOUND")
    problem(server.client.get(f"{server.url.removesuffix('/tasker')}/elsewhere"), 404, "NOT_FOUND")
    answer = server.client.put("/tasks")
    problem(answer, 405, "METHOD_NOT_ALLOWED")
    assert "POST" in answer.headers["allow"]


@pytest.mark.parametrize("path", ["/tasks", "/nothing", "/health/live"])
def test_every_answer_says_that_it_is_not_to_be_sniffed_or_kept(server, path):
    headers = server.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["x-correlation-id"]


def test_a_page_of_another_site_changes_nothing(server):
    headers = {"Sec-Fetch-Site": "cross-site"}
    problem(server.post("/tasks", REPORT, headers=headers), 403, "CROSS_SITE")
    assert server.get("/tasks", headers=headers).status_code == 200


def test_the_command_is_listed():
    assert {"serve", "tokens"} <= set(COMMANDS)
