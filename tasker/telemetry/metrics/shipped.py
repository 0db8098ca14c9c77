"""What comes along for the tools that read metrics: a dashboard, and rules for alerts."""

from __future__ import annotations

import json
import re
from importlib.resources import files

RATE_INTERVAL = "5m"
"""What stands for Grafana's ``$__rate_interval``."""


def dashboard() -> str:
    """Return a dashboard for Grafana, as JSON to import."""
    return _read("dashboard.json")


def rules() -> str:
    """Return rules for alerts, as YAML for Prometheus's ``rule_files``."""
    return _read("rules.yml")


def dashboard_queries() -> list[str]:
    """Return every query of the dashboard in PromQL, as with "All" chosen for its variables."""
    panels = json.loads(dashboard())["panels"]
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    return [_filled(query) for query in queries]


def alert_queries() -> list[str]:
    """Return the expression of every alert, in PromQL."""
    import yaml

    groups = yaml.safe_load(rules())["groups"]
    return [rule["expr"] for group in groups for rule in group["rules"]]


def _filled(query: str) -> str:
    return re.sub(r"\$\w+", ".*", query.replace("$__rate_interval", RATE_INTERVAL))


def _read(name: str) -> str:
    return (files(__package__) / "data" / name).read_text(encoding="utf-8")
