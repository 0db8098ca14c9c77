"""``python -m examples.checkout``, and the database that it leaves."""

from collections import Counter
from pathlib import Path

import pytest

from examples.checkout.in_python import process_order
from examples.data import ensure_data, read_carts
from tasker import Engine, TaskQuery, TaskView
from tests.examples.commands import kill_example_at, run_example

ATTEMPTS = {
    "tok_ok": 1,
    "tok_declined": 1,
    "tok_503": 2,
    "tok_503_date": 2,
    "tok_slow": 2,
    "tok_reset": 2,
    "tok_reset_then_503": 3,
}
"""Of the payment, for each card."""


@pytest.fixture(scope="module")
def first_run(tmp_path_factory) -> tuple[Path, str]:
    """The directory in which 25 orders were checked out, and what was printed."""
    directory = tmp_path_factory.mktemp("checkout")
    return directory, run_example("checkout", "--run", "first", directory=directory).stdout


def store_of(directory: Path) -> str:
    return f"sqlite:///{directory / 'checkout.db'}"


async def tasks_in(store: str, run: str) -> list[TaskView]:
    async with Engine.open(store, definitions=process_order, work=False) as engine:
        page = await engine.list_tasks(TaskQuery(tags=[f"run:{run}"]), limit=100)
        return [await engine.get(task.task_id) for task in page.tasks]


def test_the_run_says_what_came_of_the_orders(first_run):
    _, printed = first_run
    assert "validate_cart ─▶ process_payment ─▶ update_inventory" in printed
    assert "A-0012  error at process_payment: card declined: insufficient funds" in printed
    assert "A-0003  process_payment attempt 1 failed, again in" in printed
    assert "25 orders in" in printed
    [complete] = [line for line in printed.splitlines() if line.startswith("│ complete")]
    assert complete.replace("│", " ").split()[:4] == ["complete", "24", "24", "8"]
    assert "Not as expected" not in printed
    assert "tasker list --store sqlite:///checkout.db --tag run:first" in printed


def test_nobody_is_charged_twice_although_answers_were_lost(first_run):
    _, printed = first_run
    assert "24 of these orders are charged; charged twice: none." in printed
    assert "Requests that came again, their answer lost: 4." in printed


async def test_the_database_holds_every_attempt(first_run):
    tasks = await tasks_in(store_of(first_run[0]), "first")
    carts = {cart["order_number"]: cart for cart in read_carts(ensure_data())[:25]}
    assert {task.context["order_number"] for task in tasks} == set(carts)
    assert Counter(task.state for task in tasks) == {"complete": 24, "error": 1}
    for task in tasks:
        card = task.context["payment_info"]["token"]
        assert task.step("process_payment").attempts == ATTEMPTS[card], card
        others = [step.attempts for step in task.steps if step.name != "process_payment"]
        assert others == ([1, 0, 0, 0] if card == "tok_declined" else [1, 1, 1, 1])
        assert task.context["priority"] == "standard"
    payments = {t.results["process_payment"]["payment_id"] for t in tasks if t.state == "complete"}
    assert len(payments) == 24


async def test_the_declined_order_says_why(first_run):
    tasks = await tasks_in(store_of(first_run[0]), "first")
    [declined] = [task for task in tasks if task.state == "error"]
    error = declined.errors["process_payment"]
    assert (error.error_code, error.permanent) == ("PAYMENT_DECLINED", True)
    assert declined.step("validate_cart").state == "complete"


async def test_paid_orders_have_a_receipt(first_run):
    store = store_of(first_run[0])
    async with Engine.open(store, definitions=process_order, work=False) as engine:
        query = TaskQuery(annotation=("receipt", "order_number", "A-0019"))
        [found] = (await engine.list_tasks(query)).tasks
        [receipt] = await engine.annotations(found.task_id)
        results = (await engine.get(found.task_id)).results
    assert receipt.annotation["payment_id"] == results["process_payment"]["payment_id"]


async def test_a_run_with_the_same_name_buys_nothing_again(first_run):
    directory, _ = first_run
    again = run_example("checkout", "--run", "first", directory=directory).stdout
    assert "24 of these orders are charged; charged twice: none." in again
    assert "their answer lost: 0." in again
    assert "25 orders in" in again
    assert len(await tasks_in(store_of(directory), "first")) == 25


async def test_another_run_adds_its_orders(first_run):
    directory, _ = first_run
    run_example("checkout", "--run", "second", "--orders", "2", directory=directory)
    assert len(await tasks_in(store_of(directory), "first")) == 25
    assert len(await tasks_in(store_of(directory), "second")) == 2


def test_a_killed_run_goes_on_and_charges_nobody_twice(tmp_path):
    kill_example_at(
        "A-0003  process_payment attempt 1", "checkout", "--run", "k", directory=tmp_path
    )
    printed = run_example("checkout", "--run", "k", directory=tmp_path).stdout
    assert "24 of these orders are charged; charged twice: none." in printed


def test_what_cannot_begin_says_so_in_a_line(tmp_path):
    run_example("checkout", "--orders", "0", directory=tmp_path, exits=2)
    done = run_example("checkout", "--store", "nothing://x", directory=tmp_path, exits=2)
    assert "nothing://x" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
