"""The dashboard and the alert rules ask for what there is."""

import re

import pytest
import yaml

from tasker.telemetry.metrics import shipped
from tasker.telemetry.metrics.catalog import INSTRUMENTS
from tests.metrics.promtool import promtool, require_promtool

LABELS = {}
for each in INSTRUMENTS:
    names = [each.name]
    if each.kind == "histogram":
        names = [f"{each.name}_{suffix}" for suffix in ("bucket", "sum", "count")]
    for name in names:
        LABELS[name] = {*each.labels, "instance", *(["le"] if name.endswith("_bucket") else [])}


def alerts():
    return yaml.safe_load(shipped.rules())["groups"][0]["rules"]


ALL = [*shipped.dashboard_queries(), *shipped.alert_queries()]


@pytest.mark.parametrize("query", ALL)
def test_every_query_names_metrics_and_labels_that_exist(query):
    used = set(re.findall(r"tasker_\w+", query))
    assert used
    assert used <= set(LABELS)
    wanted = set(re.findall(r"(\w+)=~?\"", query))
    for grouped in re.findall(r"by \(([^)]*)\)", query):
        wanted |= {name.strip() for name in grouped.split(",")}
    for name in used:
        assert wanted <= LABELS[name] | {"instance"}, (name, wanted)


def test_every_metric_of_tasks_and_steps_is_shown_or_watched():
    shown = " ".join(ALL)
    missing = [
        each.name for each in INSTRUMENTS if each.kind == "histogram" and each.name not in shown
    ]
    assert missing == []


def test_promtool_has_nothing_against_the_rules(tmp_path):
    require_promtool()
    path = tmp_path / "rules.yml"
    path.write_text(shipped.rules())
    assert promtool("check", "rules", str(path)) == ""


def test_promtool_understands_every_query_of_the_dashboard(tmp_path):
    require_promtool()
    rules = [
        {"record": f"query:{n}", "expr": query}
        for n, query in enumerate(shipped.dashboard_queries())
    ]
    path = tmp_path / "queries.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    assert promtool("check", "rules", str(path)) == ""


def test_alerts_say_what_is_wrong_and_what_to_do():
    for rule in alerts():
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"]


def test_alerts_fire_when_they_should(tmp_path):
    """On series that promtool makes up: a store that fails, and steps that fail much."""
    require_promtool()
    (tmp_path / "rules.yml").write_text(shipped.rules())
    test = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {"series": 'tasker_journal_healthy{instance="a"}', "values": "1x9 0x20"},
                    {
                        "series": 'tasker_tasks_started_total{namespace="shop",name="order"}',
                        "values": "0+10x60",
                    },
                    {
                        "series": 'tasker_tasks_failed_total{namespace="shop",name="order"}',
                        "values": "0+5x60",
                    },
                ],
                "alert_rule_test": [
                    {"eval_time": "8m", "alertname": "TaskerStoreFailed", "exp_alerts": []},
                    {
                        "eval_time": "15m",
                        "alertname": "TaskerStoreFailed",
                        "exp_alerts": [
                            {
                                "exp_labels": {"severity": "critical", "instance": "a"},
                                "exp_annotations": {
                                    "summary": "a cannot write to its store",
                                    "description": alerts()[0]["annotations"]["description"],
                                },
                            }
                        ],
                    },
                    {
                        "eval_time": "40m",
                        "alertname": "TaskerTasksFail",
                        "exp_alerts": [
                            {
                                "exp_labels": {
                                    "severity": "warning",
                                    "namespace": "shop",
                                    "name": "order",
                                },
                                "exp_annotations": {
                                    "summary": "50% of shop.order fail",
                                    "description": alerts()[2]["annotations"]["description"],
                                },
                            }
                        ],
                    },
                ],
            }
        ],
    }
    path = tmp_path / "test.yml"
    path.write_text(yaml.safe_dump(test))
    assert promtool("test", "rules", str(path)) == ""
