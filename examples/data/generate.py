"""Write the input files once, from a seed, and read them."""

from __future__ import annotations

import csv
import json
import os
import shutil
import tempfile
from pathlib import Path
from random import Random
from typing import Any

from examples.data.carts import make_carts
from examples.data.tables import make_orders, make_products, make_users

SEED = 20240101
GENERATED = Path(__file__).parent / "generated"


def ensure_data(directory: Path = GENERATED) -> Path:
    """Write the files unless they are there, and return the directory.

    They appear all at once, so two processes that start together do not meet in the
    middle.
    """
    if not directory.is_dir():
        directory.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=directory.parent, prefix=".generated-"))
        try:
            draft.chmod(0o755)
            write_data(draft)
            os.replace(draft, directory)
        except OSError:
            if not directory.is_dir():
                raise
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return directory


def write_data(directory: Path) -> None:
    """Write the files; the same bytes every time."""
    random = Random(SEED)
    products = make_products(random)
    users = make_users(random)
    orders, items = make_orders(random, users, products)
    carts = make_carts(random, users, products)
    tables = {"products": products, "users": users, "orders": orders, "order_items": items}
    for name, rows in tables.items():
        with (directory / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    lines = "".join(json.dumps(cart, ensure_ascii=False) + "\n" for cart in carts)
    (directory / "carts.jsonl").write_text(lines, encoding="utf-8")


def read_rows(file: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def read_carts(directory: Path) -> list[dict[str, Any]]:
    """Return the carts that wait for their checkout."""
    lines = (directory / "carts.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def read_stock(directory: Path) -> dict[int, int]:
    """Return how many there are of each product."""
    rows = read_rows(directory / "products.csv")
    return {int(row["product_id"]): int(row["stock"]) for row in rows}
