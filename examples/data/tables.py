"""Rows of a shop's history: products, users, orders and their items."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

Row = dict[str, Any]

PRODUCTS = 200
USERS = 1_500
ORDERS = 4_000
FIRST_DAY = datetime(2024, 1, 1, tzinfo=UTC)
DAYS = 366

_CATEGORIES = {
    "books": ("Atlas", "Novel", "Cookbook", "Almanac"),
    "garden": ("Spade", "Trowel", "Planter", "Hose"),
    "kitchen": ("Kettle", "Skillet", "Whisk", "Teapot"),
    "office": ("Stapler", "Lamp", "Notebook", "Binder"),
    "toys": ("Kite", "Puzzle", "Train", "Marbles"),
}
_STYLES = ("Classic", "Compact", "Deluxe", "Everyday", "Signature")
_FIRST = ("Ada", "Björn", "Chidi", "Dalia", "Elena", "Farid", "Grace", "Hiro", "Inês", "Jonas")
_LAST = ("Achebe", "Berg", "Costa", "Diaz", "Endo", "Fischer", "Gupta", "Haddad", "Ivanova", "Jung")
_TIERS = ("standard",) * 7 + ("premium",) * 2 + ("enterprise",)


def make_products(random: Random) -> list[Row]:
    """Return the catalogue. Every fortieth product is no longer sold."""
    return [_product(random, number) for number in range(1, PRODUCTS + 1)]


def make_users(random: Random) -> list[Row]:
    """Return the customers."""
    return [_user(random, number) for number in range(1, USERS + 1)]


def make_orders(
    random: Random, users: list[Row], products: list[Row]
) -> tuple[list[Row], list[Row]]:
    """Return a year's orders and their items. A few buy often, most seldom."""
    eagerness = [random.paretovariate(1.5) for _ in users]
    appeal = [random.paretovariate(1.2) for _ in products]
    orders: list[Row] = []
    items: list[Row] = []
    for number in range(1, ORDERS + 1):
        [user] = random.choices(users, eagerness)
        at = FIRST_DAY + timedelta(seconds=random.randrange(DAYS * 86_400))
        total = 0.0
        for product in random.choices(products, appeal, k=random.randint(1, 4)):
            quantity = random.randint(1, 3)
            total += quantity * product["price"]
            items.append(
                {
                    "order_id": number,
                    "product_id": product["product_id"],
                    "quantity": quantity,
                    "unit_price": product["price"],
                }
            )
        status = "returned" if random.random() < 0.04 else "delivered"
        orders.append(
            {
                "order_id": number,
                "user_id": user["user_id"],
                "ordered_at": at.isoformat(),
                "status": status,
                "total": round(total, 2),
            }
        )
    return orders, items


def _product(random: Random, number: int) -> Row:
    category = random.choice(list(_CATEGORIES))
    price = round(random.lognormvariate(3.0, 0.7), 2)
    return {
        "product_id": number,
        "name": f"{random.choice(_STYLES)} {random.choice(_CATEGORIES[category])}",
        "category": category,
        "price": price,
        "cost": round(price * random.uniform(0.4, 0.8), 2),
        "stock": random.randint(500, 2_000),
        "active": number % 40 != 0,
    }


def _user(random: Random, number: int) -> Row:
    first, last = random.choice(_FIRST), random.choice(_LAST)
    signed_up = FIRST_DAY - timedelta(days=random.randrange(900))
    return {
        "user_id": number,
        "email": f"customer{number}@example.com",
        "name": f"{first} {last}",
        "tier": random.choice(_TIERS),
        # Old accounts have no country.
        "country": "" if random.random() < 0.02 else random.choice(("DE", "NG", "JP", "PT", "US")),
        "signed_up_on": signed_up.date().isoformat(),
    }
