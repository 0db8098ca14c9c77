"""``tasker validate prometheus`` against a real Prometheus that scrapes a real endpoint."""

import json
import re
import socket
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tasker.cli.app import run
from tasker.telemetry.metrics import counting
from tests.handlers.http_server import free_port
from tests.metrics.promtool import require_program
from tests.validation.prometheus_server import Prometheus, prometheus_server
from tests.validation.web_server import web_server

CHECKS = ["connection", "endpoint", "execution", "collection", "queries", "performance"]
JOBS: Mapping[str, Mapping[str, Any]] = {
    "whole": {},
    "with a namespace": {"labels": {"namespace": "prod"}},
    "drops": {
        "metric_relabel_configs": [
            {
                "source_labels": ["__name__"],
                "regex": "tasker_steps_completed_total",
                "action": "drop",
            }
        ]
    },
    "drops all": {
        "metric_relabel_configs": [
            {"source_labels": ["__name__"], "regex": "tasker_.*", "action": "drop"}
        ]
    },
    "over TLS": {"scheme": "https"},
    "seldom": {"scrape_interval": "5h", "scrape_timeout": "10s"},
}


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory):
    require_program("prometheus")
    with prometheus_server(tmp_path_factory.mktemp("prometheus"), JOBS) as server:
        yield server


@pytest.fixture(autouse=True)
def no_addresses(monkeypatch):
    for name in ("PROMETHEUS_URL", "TASKER_VALIDATE_LISTEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def validate(tmp_path, capsys):
    """Validate a server; return exit code, report, and what was printed."""

    def validate(url: str, listen: str, *arguments: str):
        file = tmp_path / "report.json"
        places = ["--url", url, "--listen", listen, "--json", str(file)]
        code = run(["validate", "prometheus", *places, *arguments])
        return code, json.loads(file.read_text()), capsys.readouterr().out

    return validate


def outcomes(report):
    return {check["name"]: check["outcome"] for check in report["checks"]}


def check(report, name):
    (found,) = [each for each in report["checks"] if each["name"] == name]
    return found


def test_what_prometheus_has_is_what_the_store_has(prometheus: Prometheus, validate):
    code, report, out = validate(prometheus.url, prometheus.listen("whole"), "--verbose")
    assert code == 0, out
    assert outcomes(report) == dict.fromkeys(CHECKS, "PASS")
    assert (report["target"], report["url"]) == ("Prometheus", prometheus.url)
    assert check(report, "execution")["facts"] == {"tasks": 9, "steps": 30}
    assert check(report, "collection")["facts"]["target"] == {
        "instance": prometheus.listen("whole"),
        "job": "whole",
    }
    assert "     tasker_steps_started_total: 30\n" in out
    assert check(report, "performance")["facts"]["average_step_ms"] > 0
    lines = [line for line in out.splitlines() if not line.startswith(" ")]
    assert [line.split(":")[0] for line in lines[:-1]] == [f"PASS {name}" for name in CHECKS]
    assert lines[-1] == f"PASSED: Prometheus at {prometheus.url}, 6 of 6 checks"


def test_a_second_validation_is_not_mixed_up_with_the_first(prometheus: Prometheus, validate):
    for _ in range(2):
        code, _, out = validate(prometheus.url, prometheus.listen("whole"))
        assert code == 0, out


@pytest.mark.parametrize(
    ("job", "cause", "details"),
    [
        (
            "drops",
            "tasker_steps_completed_total{namespace=validation, name=diamond, version=0.1.0, "
            "step=merge_results} is not in Prometheus, and 3 in the store",
            10,
        ),
        ("with a namespace", "the target has a label namespace of its own", 248),
    ],
)
def test_counts_that_are_lost_on_the_way_are_told(
    prometheus: Prometheus, validate, job, cause, details
):
    code, report, _ = validate(prometheus.url, prometheus.listen(job))
    assert (code, report["passed"]) == (1, False)
    told = check(report, "collection")
    assert told["outcome"] == "FAIL"
    assert told["cause"].startswith(cause)
    assert told["summary"] == f"{details} counts in Prometheus are not those of the store"
    assert len(told["details"]) == details
    assert [outcomes(report)[name] for name in CHECKS[4:]] == ["SKIP"] * 2


def test_an_engine_that_counts_wrong_is_told(prometheus: Prometheus, validate, monkeypatch):
    true = counting._count_start

    def twice(*arguments):
        true(*arguments)
        true(*arguments)

    monkeypatch.setattr(counting, "_count_start", twice)
    code, report, _ = validate(prometheus.url, prometheus.listen("whole"))
    assert code == 1
    told = check(report, "collection")["details"]
    assert (
        "tasker_steps_started_total{namespace=validation, name=linear, version=0.1.0, "
        "step=validate_input} is 6 in Prometheus, and 3 in the store"
    ) in told


@pytest.mark.parametrize(
    ("job", "cause"),
    [
        ("over TLS", "tls: first record does not look like a TLS handshake"),
        ("seldom", "has not scraped http://127.0.0.1:"),
        ("drops all", "was scraped, but what it told is not there"),
    ],
)
def test_a_target_that_tells_nothing_is_told_with_its_cause(
    prometheus: Prometheus, validate, job, cause
):
    code, report, out = validate(
        prometheus.url, prometheus.listen(job), "--timeout", "1", "--verbose"
    )
    assert (code, outcomes(report)["collection"]) == (1, "FAIL")
    assert cause in check(report, "collection")["cause"]
    assert f"     remedy: {check(report, 'collection')['remedy']}" in out.splitlines()


def test_an_endpoint_that_is_not_among_the_targets_is_told(prometheus: Prometheus, validate):
    port = free_port()
    code, report, out = validate(
        prometheus.url, f"127.0.0.1:{port}", "--timeout", "0.2", "--verbose"
    )
    assert (code, outcomes(report)["collection"]) == (1, "FAIL")
    assert check(report, "collection")["cause"] == (
        f"none of the 6 targets of Prometheus has the port {port}"
    )
    assert f"add a job with the target HOST:{port} " in check(report, "collection")["remedy"]
    assert f"     http://127.0.0.1:{port}/metrics was scraped 0 times\n" in out


def refuse(query, body):
    if "histogram_quantile" in query:
        return 422, b'{"status": "error", "errorType": "execution", "error": "too many samples"}'
    return 200, body


def miscount(query, body):
    return 200, body.replace(b'"9"', b'"8"') if query.startswith("sum(tasker_tasks") else body


def lose_times(query, body):
    asked = query.startswith("histogram_quantile(0.5, sum by (le) (tasker_step")
    return 200, re.sub(rb'"0\.\d+"', b'"NaN"', body) if asked else body


def spoil(query, body):
    return 200, re.sub(rb'"9"', b'"nine"', body) if query.startswith("sum(tasker") else body


def lengthen(query, body):
    return 200, body.replace(b'"0.', b'"7.') if "seconds_sum" in query else body


@pytest.mark.parametrize(
    ("change", "failed", "cause"),
    [
        (refuse, "queries", "execution: too many samples"),
        (miscount, "queries", "gives 8.0, not 9"),
        (lose_times, "queries", "gives nan, which is no time"),
        (spoil, "queries", "could not convert string to float: 'nine'"),
        (lengthen, "performance", "the sum of tasker_step_duration_seconds was lost or changed"),
    ],
)
def test_answers_that_are_wrong_fail_their_check(
    prometheus: Prometheus, validate, change, failed, cause
):
    def answer(path):
        query = parse_qs(urlsplit(path).query).get("query", [""])[0]
        return change(query, client.get(path).content)

    with httpx.Client(base_url=prometheus.url) as client, web_server(answer) as url:
        code, report, _ = validate(url, prometheus.listen("whole"))
    assert (code, outcomes(report)["collection"]) == (1, "PASS")
    assert [name for name, outcome in outcomes(report).items() if outcome == "FAIL"] == [failed]
    assert cause in check(report, failed)["cause"]


@pytest.mark.parametrize(
    ("status", "body", "cause"),
    [
        (404, b"no such page", "it answered 404: no such page"),
        (503, b"Service Unavailable", "it answered 503: Service Unavailable"),
        (200, b"<html>", "its answer is no JSON: <html>"),
        (200, b'{"data": {}}', "its answer has no data"),
        (200, b'{"status": "success", "data": {"resultType": "cat"}}', "Invalid value 'cat'"),
        (422, b'{"status": "error", "errorType": "execution", "error": "slow"}', "execution: slow"),
    ],
)
def test_something_else_that_answers_is_told(validate, status, body, cause):
    with web_server(lambda path: (status, body)) as url:
        code, report, _ = validate(url, f"127.0.0.1:{free_port()}")
    assert (code, outcomes(report)["connection"]) == (1, "FAIL")
    assert cause in check(report, "connection")["cause"]
    assert (outcomes(report)["execution"], outcomes(report)["collection"]) == ("PASS", "SKIP")


def test_a_server_without_targets_is_asked_no_less(validate):
    """As those that have Prometheus's query API and scrape nothing by themselves."""

    def answer(path):
        one = {"metric": {}, "value": [0, "1"]}
        found = {"resultType": "vector", "result": [one] if "vector%281%29" in path else []}
        known = path.startswith("/prometheus/api/v1/query")
        return (200, json.dumps({"status": "success", "data": found}).encode()) if known else None

    with web_server(answer) as url:
        listen = f"127.0.0.1:{free_port()}"
        code, report, _ = validate(f"{url}/prometheus/", listen, "--timeout", "0.1")
    assert check(report, "connection")["outcome"] == "PASS"
    assert code == 1
    assert check(report, "collection")["cause"] == f"nobody has scraped http://{listen}/metrics"


def test_nobody_there_is_told_and_the_environment_says_where_to_look(capsys, monkeypatch):
    url = f"http://user:opensesame@127.0.0.1:{free_port()}"
    monkeypatch.setenv("PROMETHEUS_URL", url)
    monkeypatch.setenv("TASKER_VALIDATE_LISTEN", str(port := free_port()))
    code = run(["validate", "prometheus", "--json"])
    out = capsys.readouterr().out
    report = json.loads(out)
    assert code == 1
    assert report["settings"]["endpoint"] == f"http://127.0.0.1:{port}/metrics"
    assert [each["outcome"] for each in report["checks"]] == [
        *("FAIL", "PASS", "PASS"),
        *["SKIP"] * 3,
    ]
    assert "All connection attempts failed" in check(report, "connection")["cause"]
    assert report["url"].startswith("http://")
    assert "opensesame" not in out


def test_a_port_that_is_taken_is_told(validate):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, report, _ = validate(f"http://127.0.0.1:{free_port()}", f"127.0.0.1:{port}")
    assert (code, outcomes(report)["endpoint"]) == (1, "FAIL")
    assert "Address already in use" in check(report, "endpoint")["cause"]
    assert outcomes(report)["execution"] == "SKIP"


@pytest.mark.parametrize("listen", ["localhost", "localhost:http", "localhost:70000", ":0"])
def test_an_address_that_is_none_is_refused(capsys, listen):
    assert run(["validate", "prometheus", "--listen", listen]) == 2
    assert "is not HOST:PORT, as in 127.0.0.1:9464" in capsys.readouterr().err
