"""The first three steps, which run at the same time: rows from files, checked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from examples.analytics.files import write_json
from examples.data import read_rows
from tasker import PermanentError, Task


def extract_orders(task: Task) -> dict[str, Any]:
    """Take the orders of the date range, with their items."""
    start, end = _date_range(task)
    source = Path(task.context["data_dir"])
    orders = [
        row
        for row in read_rows(source / "orders.csv")
        if start <= datetime.fromisoformat(row["ordered_at"]).date() <= end
    ]
    least = task.context["quality_thresholds"]["min_order_records"]
    _check_quality(task, "orders", orders, least=least)
    wanted = {row["order_id"] for row in orders}
    items = [row for row in read_rows(source / "order_items.csv") if row["order_id"] in wanted]
    return _extracted(task, "orders", {"orders": orders, "items": items}, count=len(orders))


def extract_users(task: Task) -> dict[str, Any]:
    """Take all customers."""
    users = read_rows(Path(task.context["data_dir"]) / "users.csv")
    least = task.context["quality_thresholds"]["min_customer_records"]
    _check_quality(task, "users", users, least=least)
    return _extracted(task, "users", users, count=len(users))


def extract_products(task: Task) -> dict[str, Any]:
    """Take the catalogue."""
    products = read_rows(Path(task.context["data_dir"]) / "products.csv")
    _check_quality(task, "products", products, least=1)
    return _extracted(task, "products", products, count=len(products))


def work_file(task: Task, name: str) -> Path:
    """Return where a step of this task keeps its data."""
    return Path(task.context["output_dir"]) / task.task_id / f"{name}.json"


def _date_range(task: Task) -> tuple[date, date]:
    given = task.context["date_range"]
    try:
        start, end = (date.fromisoformat(given[key]) for key in ("start_date", "end_date"))
    except ValueError as error:
        raise PermanentError(f"no date: {error}", error_code="INVALID_DATE_FORMAT") from error
    if end < start:
        raise PermanentError(f"{end} is before {start}", error_code="INVALID_DATE_RANGE")
    return start, end


def _check_quality(task: Task, what: str, rows: Sequence[dict[str, str]], *, least: int) -> None:
    """Refuse too few rows, and too many empty fields: no retry would mend them."""
    if len(rows) < least:
        raise PermanentError(
            f"there are {len(rows)} {what}, fewer than {least}", error_code="INSUFFICIENT_DATA"
        )
    fields = [value for row in rows for value in row.values()]
    empty = sum(not value for value in fields) / len(fields)
    most = task.context["quality_thresholds"]["max_null_percentage"]
    if empty > most:
        raise PermanentError(
            f"{empty:.1%} of the fields of {what} are empty, more than {most:.1%}",
            error_code="INSUFFICIENT_DATA",
        )


def _extracted(task: Task, name: str, data: Any, *, count: int) -> dict[str, Any]:
    return {"file": write_json(work_file(task, name), data), "records": count}
