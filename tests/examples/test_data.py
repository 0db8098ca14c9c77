"""The examples' input is the same everywhere."""

from collections import Counter

from examples.data import ensure_data, read_carts, read_rows, read_stock
from examples.data.generate import write_data


def test_the_same_bytes_come_every_time(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_data(tmp_path / name)
    names = sorted(file.name for file in (tmp_path / "one").iterdir())
    assert names == ["carts.jsonl", "order_items.csv", "orders.csv", "products.csv", "users.csv"]
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_what_is_there_is_left_alone(tmp_path):
    directory = ensure_data(tmp_path / "data")
    (directory / "carts.jsonl").write_text("mine")
    assert ensure_data(tmp_path / "data") == directory
    assert (directory / "carts.jsonl").read_text() == "mine"
    assert [file.name for file in tmp_path.iterdir()] == ["data"]


def test_there_are_a_few_thousand_rows_that_fit_together():
    data = ensure_data()
    orders = read_rows(data / "orders.csv")
    items = read_rows(data / "order_items.csv")
    assert (len(orders), len(read_rows(data / "users.csv")), len(read_stock(data))) == (
        4_000,
        1_500,
        200,
    )
    assert {item["order_id"] for item in items} == {order["order_id"] for order in orders}


def test_the_first_carts_hold_every_kind_of_trouble():
    carts = read_carts(ensure_data())[:25]
    assert Counter(cart["expected"] for cart in carts) == {"complete": 24, "PAYMENT_DECLINED": 1}
    assert Counter(cart["context"]["payment_info"]["token"] for cart in carts) == {
        "tok_ok": 17,
        "tok_503": 2,
        "tok_503_date": 1,
        "tok_slow": 2,
        "tok_reset": 1,
        "tok_reset_then_503": 1,
        "tok_declined": 1,
    }
