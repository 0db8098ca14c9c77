"""A small shop over HTTP, for examples to call: payments, stock, orders and mail."""

from pathlib import Path

from examples.services.faults import Fault, Faults
from examples.services.server import ShopServer, running_shop
from examples.services.shop import Answer, Shop

__all__ = ["BOOKS", "Answer", "Fault", "Faults", "Shop", "ShopServer", "running_shop"]

BOOKS = Path("shop.jsonl")
"""Where the commands keep the shop's books."""
