"""Draws the pictures of the documentation: ``python -m tests.analysis.pictures``."""

from __future__ import annotations

from pathlib import Path

import anyio

from tasker.analysis import timeline_of
from tasker.analysis.diagrams import diagram_of_task, graph_svg, timeline_svg
from tests.analysis.shop import Shop

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"


def nightly() -> Shop:
    """A report that is late, since one of its joins failed twice, and an export that cannot."""
    shop = Shop()
    shop.step("fetch_orders", seconds=4)
    shop.step("fetch_users", seconds=7)
    shop.step("fetch_products", seconds=2.5)
    shop.step("join_customers", "fetch_orders", "fetch_users", seconds=3)
    shop.step("join_products", "fetch_orders", "fetch_products", seconds=5, failures=2)
    shop.step("export", "join_customers", seconds=3, permanent="the bucket is gone")
    shop.step("report", "join_customers", "join_products", seconds=4)
    shop.step("notify", "report", "export", seconds=1)
    return shop


async def pictures() -> dict[str, str]:
    """Return each picture under the name of its file."""
    shop = nightly()
    async with shop.open(permits=2) as engine:
        view = await engine.run(shop.request())
        history = await engine.history(view.task_id)
    diagram = diagram_of_task(view, history, now=shop.now)
    return {
        "graph.svg": graph_svg(diagram),
        "timeline.svg": timeline_svg(diagram, timeline_of(view, history, shop.now)),
    }


if __name__ == "__main__":
    for name, picture in anyio.run(pictures).items():
        (FOLDER / name).write_text(f"{picture}\n", encoding="utf-8")
