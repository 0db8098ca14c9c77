"""From metrics to people: insights, a dashboard, and word of it."""

from __future__ import annotations

from html import escape
from pathlib import Path
from string import Template
from typing import Any

from examples.analytics.extract import work_file
from examples.analytics.files import read_json, write_json, write_text
from tasker import PermanentError, Task

Results = dict[str, Any]

IDLE_DAYS = 90
PAGE = Template(Path(__file__).with_name("dashboard.html").read_text(encoding="utf-8"))


def generate_insights(
    transform_customer_metrics: Results, transform_product_metrics: Results
) -> Results:
    """Draw conclusions from the metrics of both sides."""
    customers = read_json(transform_customer_metrics["file"])
    top = customers[: max(1, len(customers) // 10)]
    leaving = [each for each in top if each["idle_days"] > IDLE_DAYS]
    share = sum(each["spent"] for each in top) / transform_customer_metrics["revenue"]
    margins = transform_product_metrics["margin_by_category"]
    leader = max(margins, key=lambda category: margins[category])
    low, high = transform_customer_metrics["mean_value_between"]
    return {
        "top_decile_share": round(share, 3),
        "at_risk": [each["user_id"] for each in leaving],
        "sentences": [
            f"A tenth of the customers bring {share:.0%} of the revenue.",
            f"{len(leaving)} of them have not ordered for {IDLE_DAYS} days.",
            f"A customer is worth {low:.2f} to {high:.2f} (95 % sure).",
            f"{leader.capitalize()} has the best margin, {margins[leader]:.0%}.",
        ],
    }


def update_dashboard(
    task: Task,
    transform_customer_metrics: Results,
    transform_product_metrics: Results,
    generate_insights: Results,
) -> Results:
    """Write the dashboard, for machines and for people."""
    data = {
        "date_range": task.context["date_range"],
        "customers": {k: v for k, v in transform_customer_metrics.items() if k != "file"},
        "products": {k: v for k, v in transform_product_metrics.items() if k != "file"},
        "insights": generate_insights,
    }
    page = PAGE.substitute(
        start=escape(task.context["date_range"]["start_date"]),
        end=escape(task.context["date_range"]["end_date"]),
        insights=_items(generate_insights["sentences"]),
        categories=_rows(transform_product_metrics["revenue_by_category"]),
        tiers=_rows(transform_customer_metrics["value_by_tier"]),
        best=_rows({p["name"]: p["sold"] for p in transform_product_metrics["best"]}),
    )
    output = Path(task.context["output_dir"])
    return {
        "json": write_json(output / "dashboard.json", data),
        "html": write_text(output / "dashboard.html", page),
    }


def send_notifications(
    task: Task, generate_insights: Results, update_dashboard: Results
) -> Results:
    """Leave a message for every channel, where its courier picks it up."""
    channels = task.context["notification_channels"]
    if wrong := [channel for channel in channels if not channel.startswith(("#", "@"))]:
        raise PermanentError(
            f"no channels: {', '.join(wrong)}", error_code="INVALID_NOTIFICATION_CHANNELS"
        )
    text = "\n".join([*generate_insights["sentences"], update_dashboard["html"]])
    messages = [{"channel": channel, "text": text} for channel in channels]
    return {"file": write_json(work_file(task, "messages"), messages), "channels": channels}


def _items(sentences: list[str]) -> str:
    return "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)


def _rows(figures: dict[str, float]) -> str:
    return "".join(
        f"<tr><th>{escape(name)}</th><td>{figure:,}</td></tr>" for name, figure in figures.items()
    )
