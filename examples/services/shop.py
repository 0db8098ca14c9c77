"""What the shop knows and does, without a word of HTTP."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from examples.services.books import Books

DECLINED_CARD = "tok_declined"
KINDS = ("charges", "reservations", "orders", "mails")

Facts = dict[str, Any]


class Answer(NamedTuple):
    """A status and a JSON body."""

    status: int
    body: Facts


class Shop:
    """Charges, reservations, orders and mails, kept in books; safe to use from threads.

    Whatever is made is kept under its idempotency key. Asking again with the same key
    gives what was made the first time, with status 200 in place of 201.
    """

    def __init__(self, stock: Mapping[int, int], books: Books | None = None) -> None:
        self.stock = Counter(stock)
        self.charges: dict[str, Facts] = {}
        self.reservations: dict[str, Facts] = {}
        self.orders: dict[str, Facts] = {}
        self.mails: dict[str, Facts] = {}
        self.repeated = 0
        self._books = books or Books()
        self._lock = threading.Lock()
        for kind, key, body in self._books.entries():
            if kind in KINDS:
                self._made(kind)[key] = body
            if kind == "reservations":
                self.stock.subtract(_wanted(body))

    def charge(self, key: str, payment: Facts) -> Answer:
        """Charge a card, or decline it."""
        if payment["token"] == DECLINED_CARD:
            return Answer(422, {"error": "card_declined", "reason": "insufficient funds"})

        def make() -> Answer:
            kept = {name: payment[name] for name in ("reference", "amount", "currency")}
            return Answer(201, {"payment_id": f"pay_{len(self.charges) + 1:05}", **kept})

        return self._once("charges", key, make)

    def reserve(self, key: str, request: Facts) -> Answer:
        """Take all the items out of the stock, or none of them."""

        def make() -> Answer:
            wanted = _wanted(request)
            short = [product for product, n in wanted.items() if self.stock[product] < n]
            if short:
                return Answer(409, {"error": "out_of_stock", "product_ids": short})
            self.stock.subtract(wanted)
            reservation_id = f"res_{len(self.reservations) + 1:05}"
            return Answer(201, {"reservation_id": reservation_id, "items": request["items"]})

        return self._once("reservations", key, make)

    def place_order(self, key: str, order: Facts) -> Answer:
        """Record an order."""
        return self._once(
            "orders",
            key,
            lambda: Answer(201, {"order_id": f"ord_{len(self.orders) + 1:05}", **order}),
        )

    def send_mail(self, key: str, mail: Facts) -> Answer:
        """Send a mail, or rather keep it."""
        return self._once(
            "mails",
            key,
            lambda: Answer(201, {"mail_id": f"mail_{len(self.mails) + 1:05}", **mail}),
        )

    def summary(self) -> Facts:
        """Return the figures: what was made, and the requests that came again."""
        with self._lock:
            references = Counter(charge["reference"] for charge in self.charges.values())
            return {
                **{kind: len(self._made(kind)) for kind in KINDS},
                "charged_twice": sorted(name for name, n in references.items() if n > 1),
                "repeated_requests": self.repeated,
            }

    def _made(self, kind: str) -> dict[str, Facts]:
        made: dict[str, Facts] = getattr(self, kind)
        return made

    def _once(self, kind: str, key: str, make: Callable[[], Answer]) -> Answer:
        with self._lock:
            made = self._made(kind)
            if key in made:
                self.repeated += 1
                return Answer(200, made[key])
            answer = make()
            if answer.status == 201:
                self._books.add(kind, key, answer.body)
                made[key] = answer.body
            return answer


def _wanted(request: Facts) -> Counter[int]:
    wanted: Counter[int] = Counter()
    for item in request["items"]:
        wanted[item["product_id"]] += item["quantity"]
    return wanted
