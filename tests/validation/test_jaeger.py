"""``tasker validate jaeger`` against a stand-in that takes real OTLP exports."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tasker.cli.app import run
from tests.handlers.http_server import free_port
from tests.validation.jaeger_server import JaegerServer, jaeger_server

CHECKS = [
    *("connection", "endpoint", "execution", "collection"),
    *("hierarchy", "correlation", "performance"),
]
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def no_addresses(monkeypatch):
    for name in list(os.environ):
        if name.startswith("OTEL_") or name == "JAEGER_URL":
            monkeypatch.delenv(name)


@pytest.fixture
def validate(tmp_path, capsys):
    """Validate a stand-in; return exit code, report, and what was printed."""

    def validate(jaeger: JaegerServer, *arguments: str):
        file = tmp_path / "report.json"
        places = ["--url", jaeger.url, "--otlp", jaeger.otlp_url, "--json", str(file)]
        code = run(["validate", "jaeger", *places, "--timeout", "0.6", *arguments])
        return code, json.loads(file.read_text()), capsys.readouterr().out

    return validate


def outcomes(report):
    return {check["name"]: check["outcome"] for check in report["checks"]}


def check(report, name):
    (found,) = [each for each in report["checks"] if each["name"] == name]
    return found


def test_a_jaeger_that_works_passes_every_check(validate):
    with jaeger_server() as jaeger:
        code, report, out = validate(jaeger)
    assert code == 0
    assert outcomes(report) == dict.fromkeys(CHECKS, "PASS")
    assert (report["passed"], report["target"], report["url"]) == (True, "Jaeger", jaeger.url)
    # What the guide promises: 4, 5 and 4 spans, with 3, 4 and 3 links.
    assert check(report, "collection")["facts"]["spans"] == 13
    assert check(report, "hierarchy")["facts"]["links"] == 10
    assert check(report, "execution")["facts"]["exported"] == 14
    assert len(jaeger.spans) == 14
    assert check(report, "performance")["facts"]["average_step_ms"] > 0
    lines = out.splitlines()
    assert [line.split(":")[0] for line in lines[:-1]] == [f"PASS {name}" for name in CHECKS]
    assert lines[-1] == f"PASSED: Jaeger at {jaeger.url}, 7 of 7 checks"


def test_verbose_tells_what_each_check_found(validate):
    with jaeger_server() as jaeger:
        _, _, out = validate(jaeger, "--verbose")
    assert "     diamond: 5 of 5 spans\n" in out
    assert "     linear: task validation.linear above validate_input, process_data, gen" in out
    assert "     median_query_ms: " in out


def test_spans_that_come_late_are_waited_for(validate):
    asked = 0

    def late(path):
        nonlocal asked
        asked += path.startswith("/api/traces/")
        return (404, b"{}") if path.startswith("/api/traces/") and asked <= 3 else None

    with jaeger_server(query=late) as jaeger:
        code, report, _ = validate(jaeger)
    assert (code, outcomes(report)["collection"]) == (0, "PASS")
    assert asked > 3


def without(**fields):
    """Return a storage that loses parts of spans."""

    def change(span):
        for key, lost in fields.items():
            span[key] = [each for each in span[key] if not lost(each)]
        return span

    return change


def drop(name):
    return lambda span: None if span["operationName"] == name else span


def shift(span):
    if span["operationName"] == "step process_data":
        span["startTime"] -= 9_000_000
    return span


def flatten(span):
    if span["operationName"].startswith("step"):
        span["duration"] = 0
    return span


def lose(kind):
    return without(references=lambda reference: reference["refType"] == kind)


def lose_tag(key):
    return without(tags=lambda tag: tag["key"] == key)


@pytest.mark.parametrize(
    ("change", "failed", "told"),
    [
        (lambda span: None, "collection", "0 of 13 spans were found within 0.6 s"),
        (drop("step merge_results"), "collection", "12 of 13 spans were found"),
        (drop("task validation.linear"), "collection", "12 of 13 spans were found"),
        (lose("CHILD_OF"), "hierarchy", "4 spans have no parent"),
        (shift, "hierarchy", "step process_data is not within the time of its task"),
        (shift, "hierarchy", "step process_data began before a step that it depends on had ended"),
        (lose("FOLLOWS_FROM"), "correlation", "not linked with the request that submitted it"),
        (lose_tag("tasker.correlation_id"), "correlation", "lack the tag tasker.correlation_id"),
        (lose_tag("tasker.task.id"), "correlation", "lack the tag tasker.task.id"),
        (flatten, "performance", "10 spans have no length"),
    ],
)
def test_what_is_lost_on_the_way_fails_its_check(validate, change, failed, told):
    with jaeger_server(change) as jaeger:
        code, report, out = validate(jaeger, "--verbose")
    assert (code, report["passed"]) == (1, False)
    assert outcomes(report)[failed] == "FAIL"
    assert told in out
    assert check(report, failed)["cause"]
    assert f"     remedy: {check(report, failed)['remedy']}" in out.splitlines()
    if failed == "collection":
        after = ("hierarchy", "correlation", "performance")
        assert [outcomes(report)[name] for name in after] == ["SKIP"] * 3
    assert out.splitlines()[-1].startswith("FAILED: Jaeger at ")


def test_traces_that_are_not_found_by_a_tag_fail_the_correlation(validate):
    def no_search(path):
        return (200, b'{"data": []}') if path == "/api/traces" else None

    with jaeger_server(query=no_search) as jaeger:
        code, report, out = validate(jaeger)
    assert (code, outcomes(report)["correlation"]) == (1, "FAIL")
    assert "0 of 3 traces were found by their correlation id" in out


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((200, b"<html>"), "its answer is no JSON: <html>"),
        ((200, b"[]"), "its answer has no data"),
        ((200, b'{"data": 7}'), "Expected `array | null`, got `int`"),
        ((502, b"bad gateway"), "it answered 502: bad gateway"),
        ((404, b""), "it answered 404"),
    ],
)
def test_something_else_that_answers_is_told(validate, answer, told):
    with jaeger_server(query=lambda path: answer) as jaeger:
        code, report, out = validate(jaeger)
    assert (code, outcomes(report)["connection"]) == (1, "FAIL")
    assert f"cause: {told}" in out
    assert (outcomes(report)["execution"], outcomes(report)["collection"]) == ("PASS", "SKIP")


def test_a_collector_that_refuses_is_told(validate):
    with jaeger_server(otlp_status=403) as jaeger:
        code, report, out = validate(jaeger)
    assert code == 1
    assert (outcomes(report)["connection"], outcomes(report)["endpoint"]) == ("PASS", "FAIL")
    assert "cause: it answered 403: no" in out
    assert outcomes(report)["execution"] == "SKIP"


def test_nobody_there_is_told_and_the_environment_says_where_to_look(capsys, monkeypatch):
    port = free_port()
    monkeypatch.setenv("JAEGER_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}/")
    code = run(["validate", "jaeger", "--json"])
    report = json.loads(capsys.readouterr().out)
    assert (code, report["url"]) == (1, f"http://127.0.0.1:{port}")
    assert report["settings"]["otlp_url"] == f"http://127.0.0.1:{port}/v1/traces"
    assert [each["outcome"] for each in report["checks"]] == ["FAIL"] * 2 + ["SKIP"] * 5
    assert "All connection attempts failed" in check(report, "connection")["cause"]


def test_a_switched_off_sdk_is_the_cause(validate, monkeypatch):
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    with jaeger_server() as jaeger:
        code, report, _ = validate(jaeger)
    assert (code, outcomes(report)["execution"]) == (1, "FAIL")
    assert "OTEL_SDK_DISABLED is set" in check(report, "execution")["cause"]


def test_headers_of_the_environment_are_sent_and_its_sampler_is_not_asked(validate, monkeypatch):
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=shop")
    with jaeger_server() as jaeger:
        code, _, _ = validate(jaeger)
    assert (code, jaeger.tenants) == (0, {"shop"})


def test_without_the_extra_it_is_named():
    program = (
        "import sys; sys.modules['opentelemetry'] = None; from tasker.cli.app import run; "
        "sys.exit(run(['validate', 'jaeger']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 1
    assert done.stderr == (
        "error: tracing needs the extra 'otel': pip install 'tasker-engine[otel]'\n"
    )
