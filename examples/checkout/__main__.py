"""Check out orders over a shop that fails: ``python -m examples.checkout``."""

from __future__ import annotations

import argparse
import os
import time
from datetime import datetime
from pathlib import Path

import anyio
from rich.console import Console
from rich.markup import escape

from examples.checkout.report import Progress, inspection_lines, ledger_line, summary_table
from examples.checkout.run import DEFINITION, Outcome, check_out
from examples.data import ensure_data, read_carts, read_stock
from examples.services import BOOKS, ShopServer, running_shop
from tasker import Engine, TaskerError
from tasker.definitions import build_graph, dependencies_of

SERVICES = ("PAYMENT_URL", "INVENTORY_URL", "ORDERS_URL", "MAIL_URL")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m examples.checkout",
        description="Check out orders over a shop that fails, and show what came of them.",
    )
    parser.add_argument("--store", default="sqlite:///checkout.db", help="default: %(default)s")
    parser.add_argument(
        "--books", type=Path, default=BOOKS, help="of the shop; default: %(default)s"
    )
    parser.add_argument("--orders", type=int, default=25, help="how many; default: %(default)s")
    parser.add_argument(
        "--run",
        default=datetime.now().strftime("%Y%m%d-%H%M%S"),
        help="a name for this run; with the name of an earlier one, its orders are not checked "
        "out again. Default: the time",
    )
    options = parser.parse_args()
    if options.orders < 1:
        parser.error("--orders must be at least 1")
    return options


def main() -> int:
    """Return 0 when every order ended as its cart said, 1 when not, 2 when it could not begin."""
    options = parse_arguments()
    console = Console()
    data = ensure_data()
    with running_shop(read_stock(data), books=options.books) as shop:
        # Where the definition's placeholders find their values.
        os.environ |= {name: shop.url for name in SERVICES}
        os.environ["CATALOG_FILE"] = str(data / "products.csv")
        try:
            outcomes, elapsed = anyio.run(run_orders, options, console, data, shop)
        except TaskerError as error:
            console.print(f"[red]{escape(str(error))}[/]", soft_wrap=True)
            return 2
    console.print(summary_table(outcomes, elapsed))
    console.print(ledger_line(shop.shop, outcomes), soft_wrap=True, highlight=False)
    if options.store.startswith("sqlite:///"):
        place = Path(options.store.removeprefix("sqlite:///")).resolve()
        console.print(f"The tasks are in {place}. To see more:", soft_wrap=True, highlight=False)
        for line in inspection_lines(outcomes, options.store, options.run):
            console.print(f"  {line}", soft_wrap=True, highlight=False)
    surprises = [outcome.order_number for outcome in outcomes if not outcome.as_expected]
    if surprises:
        console.print(f"[red]Not as expected: {', '.join(sorted(surprises))}[/]")
    return 1 if surprises else 0


async def run_orders(
    options: argparse.Namespace, console: Console, data: Path, shop: ShopServer
) -> tuple[list[Outcome], float]:
    carts = read_carts(data)[: options.orders]
    async with Engine.open(options.store, definitions=DEFINITION) as engine:
        definition = engine.registry.get("process_order", "ecommerce").definition
        levels = build_graph(dependencies_of(definition)).levels
        console.print(f"[bold]{definition.full_name}[/]: {definition.description}")
        console.print("  " + " ─▶ ".join(" | ".join(level) for level in levels), soft_wrap=True)
        console.print(f"Run {options.run}: {len(carts)} orders, the shop is at {shop.url}")
        began = time.monotonic()
        outcomes = await check_out(engine, carts, run=options.run, progress=Progress(console))
        return outcomes, time.monotonic() - began


if __name__ == "__main__":
    raise SystemExit(main())
