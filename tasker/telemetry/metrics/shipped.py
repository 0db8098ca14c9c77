"""What comes along for the tools that read metrics: a dashboard, and rules for alerts."""

from __future__ import annotations

from importlib.resources import files


def dashboard() -> str:
    """Return a dashboard for Grafana, as JSON to import."""
    return _read("dashboard.json")


def rules() -> str:
    """Return rules for alerts, as YAML for Prometheus's ``rule_files``."""
    return _read("rules.yml")


def _read(name: str) -> str:
    return (files(__package__) / "data" / name).read_text(encoding="utf-8")
