"""From rows to metrics. A parameter named like a step receives that step's results."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from random import Random
from statistics import fmean, median, quantiles
from typing import Any

from examples.analytics.extract import work_file
from examples.analytics.files import read_json, write_json
from tasker import Task

Results = dict[str, Any]

RESAMPLES = 1_000
SEED = 7


def transform_customer_metrics(
    task: Task, extract_orders: Results, extract_users: Results
) -> Results:
    """Say what customers are worth, and how sure that is.

    The bootstrap is a second of pure computing, so the step runs in a process of its
    own (``executor="process"``) and the event loop stays free.
    """
    spent: dict[str, float] = defaultdict(float)
    count: Counter[str] = Counter()
    last: dict[str, str] = {}
    for order in read_json(extract_orders["file"])["orders"]:
        if order["status"] == "delivered":
            user = order["user_id"]
            spent[user] += float(order["total"])
            count[user] += 1
            last[user] = max(last.get(user, ""), order["ordered_at"])
    tiers = {user["user_id"]: user["tier"] for user in read_json(extract_users["file"])}
    values = sorted(spent.values())
    newest = datetime.fromisoformat(max(last.values()))
    by_tier: dict[str, list[float]] = defaultdict(list)
    for user, value in spent.items():
        by_tier[tiers[user]].append(value)
    customers = [
        {
            "user_id": int(user),
            "tier": tiers[user],
            "spent": round(spent[user], 2),
            "orders": count[user],
            "idle_days": (newest - datetime.fromisoformat(last[user])).days,
        }
        for user in sorted(spent, key=lambda user: (-spent[user], int(user)))
    ]
    return {
        "file": write_json(work_file(task, "customers"), customers),
        "customers": len(values),
        "revenue": round(sum(values), 2),
        "mean_value": round(fmean(values), 2),
        "mean_value_between": _mean_between(values),
        "median_value": round(median(values), 2),
        "value_by_tier": {tier: round(fmean(by_tier[tier]), 2) for tier in sorted(by_tier)},
    }


def transform_product_metrics(
    task: Task, extract_orders: Results, extract_products: Results
) -> Results:
    """Say what products and categories earn."""
    products = {row["product_id"]: row for row in read_json(extract_products["file"])}
    orders = read_json(extract_orders["file"])
    kept = {order["order_id"] for order in orders["orders"] if order["status"] == "delivered"}
    sold: Counter[str] = Counter()
    revenue: dict[str, float] = defaultdict(float)
    margin: dict[str, float] = defaultdict(float)
    for item in orders["items"]:
        if item["order_id"] in kept:
            product, quantity = products[item["product_id"]], int(item["quantity"])
            price = float(item["unit_price"])
            sold[item["product_id"]] += quantity
            revenue[product["category"]] += quantity * price
            margin[product["category"]] += quantity * (price - float(product["cost"]))
    best = [
        {"product_id": int(number), "name": products[number]["name"], "sold": n}
        for number, n in sorted(sold.items(), key=lambda pair: (-pair[1], int(pair[0])))
    ]
    return {
        "file": write_json(work_file(task, "sold"), best),
        "products_sold": len(best),
        "best": best[:5],
        "revenue_by_category": {name: round(revenue[name], 2) for name in sorted(revenue)},
        "margin_by_category": {name: round(margin[name] / revenue[name], 3) for name in margin},
    }


def _mean_between(values: list[float]) -> list[float]:
    """Return the 95 % interval of the mean, by bootstrap."""
    random = Random(SEED)
    means = [fmean(random.choices(values, k=len(values))) for _ in range(RESAMPLES)]
    cuts = quantiles(means, n=40)
    return [round(cuts[0], 2), round(cuts[-1], 2)]
