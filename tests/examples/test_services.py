"""The shop fails when it is told to, and makes a thing once however often it is asked."""

import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

import httpx
import pytest

from examples.services import Fault, ShopServer, running_shop

PAYMENT = {"reference": "r", "amount": 5.0, "currency": "USD", "token": "tok_ok"}


@pytest.fixture
def server() -> Iterator[ShopServer]:
    with running_shop({1: 3, 2: 1}) as server:
        yield server


@pytest.fixture
def client(server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=5) as client:
        yield client


def post(client: httpx.Client, path: str, body: dict, key: str = "k", **options) -> httpx.Response:
    return client.post(path, json=body, headers={"Idempotency-Key": key}, **options)


def test_a_repeated_key_gives_what_was_made_first(client):
    first = post(client, "/payments", PAYMENT)
    again = post(client, "/payments", PAYMENT)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert post(client, "/payments", PAYMENT, key="other").json() != first.json()
    summary = client.get("/summary").json()
    assert (summary["charges"], summary["repeated_requests"]) == (2, 1)
    assert summary["charged_twice"] == ["r"]


def test_a_reservation_takes_all_or_nothing(client, server):
    both = {"items": [{"product_id": 1, "quantity": 2}, {"product_id": 2, "quantity": 2}]}
    refused = post(client, "/reservations", both)
    assert (refused.status_code, refused.json()["product_ids"]) == (409, [2])
    assert server.shop.stock == {1: 3, 2: 1}
    # The same key may be tried again, and succeed, once there is stock.
    server.shop.stock[2] = 5
    assert post(client, "/reservations", both).status_code == 201
    assert server.shop.stock == {1: 1, 2: 3}


def test_one_product_on_two_lines_counts_as_both(client):
    twice = {"items": [{"product_id": 1, "quantity": 2}, {"product_id": 1, "quantity": 2}]}
    assert post(client, "/reservations", twice).status_code == 409


def test_a_declined_card_is_never_charged(client):
    for _ in range(2):
        answer = post(client, "/payments", PAYMENT | {"token": "tok_declined"})
        assert (answer.status_code, answer.json()["error"]) == (422, "card_declined")
    assert client.get("/summary").json()["charges"] == 0


def test_retry_after_comes_in_both_forms(client):
    seconds = post(client, "/payments", PAYMENT | {"token": "tok_503"}, key="a")
    date = post(client, "/payments", PAYMENT | {"token": "tok_503_date"}, key="b")
    assert (seconds.status_code, seconds.headers["retry-after"]) == (503, "1")
    assert date.status_code == 503
    wait = parsedate_to_datetime(date.headers["retry-after"]).timestamp() - time.time()
    assert 0 < wait <= 2
    assert post(client, "/payments", PAYMENT | {"token": "tok_503"}, key="a").status_code == 201


def test_a_reset_loses_the_answer_and_not_the_charge(client):
    with pytest.raises(httpx.TransportError):
        post(client, "/payments", PAYMENT | {"token": "tok_reset"})
    assert post(client, "/payments", PAYMENT | {"token": "tok_reset"}).status_code == 200
    assert client.get("/summary").json()["charges"] == 1


def test_the_books_outlive_the_shop(tmp_path):
    books = tmp_path / "shop.jsonl"
    items = {"items": [{"product_id": 1, "quantity": 2}]}
    with running_shop({1: 3}, books=books) as server, httpx.Client(base_url=server.url) as client:
        paid = post(client, "/payments", PAYMENT).json()
        post(client, "/payments", PAYMENT | {"token": "tok_503"}, key="flaky")
        post(client, "/reservations", items)
    with books.open("a") as file:
        file.write('["charges", "cut sho')
    with running_shop({1: 3}, books=books) as server, httpx.Client(base_url=server.url) as client:
        again = post(client, "/payments", PAYMENT)
        assert (again.status_code, again.json()) == (200, paid)
        assert post(client, "/payments", PAYMENT | {"token": "tok_503"}, key="flaky").is_success
        assert post(client, "/reservations", items, key="more").status_code == 409
    with running_shop({1: 3}, books=books) as server:
        assert len(server.shop.charges) == 2


def test_a_slow_answer_comes_after_the_client_gave_up(client):
    with pytest.raises(httpx.ReadTimeout):
        post(client, "/payments", PAYMENT | {"token": "tok_slow"}, timeout=0.05)
    assert post(client, "/payments", PAYMENT | {"token": "tok_slow"}).status_code == 200


def test_an_administrator_orders_faults(client):
    order = {"path": "/mails", "fault": Fault.UNAVAILABLE, "times": 2}
    assert client.post("/admin/faults", json=order).status_code == 201
    statuses = [post(client, "/mails", {"to": "a"}).status_code for _ in range(3)]
    assert statuses == [503, 503, 201]


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/payments", PAYMENT, {}, 400),
        ("/payments", {"token": "tok_ok"}, {"Idempotency-Key": "k"}, 400),
        ("/admin/faults", {"path": "/mails", "fault": "fire"}, {}, 400),
        ("/nothing", {}, {}, 404),
    ],
)
def test_a_bad_request_is_answered(client, path, body, headers, status):
    assert client.post(path, json=body, headers=headers).status_code == status
    assert client.get("/summary").status_code == 200
