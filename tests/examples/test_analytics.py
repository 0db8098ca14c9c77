"""The analytics pipeline: its dashboard is true, and bad input ends where it should."""

import json
from collections import defaultdict
from pathlib import Path
from statistics import fmean

import anyio
import pytest

from examples.analytics.pipeline import customer_analytics
from examples.data import ensure_data, read_rows
from tasker import Engine, TaskQuery, TaskRequest, TaskView
from tasker.definitions import build_graph, dependencies_of
from tasker.errors import ContextValidationError
from tests.examples.commands import run_example


def test_three_extractions_come_first_and_each_step_after_what_it_reads():
    definition = customer_analytics.build()
    assert build_graph(dependencies_of(definition)).levels == (
        ("extract_orders", "extract_users", "extract_products"),
        ("transform_customer_metrics", "transform_product_metrics"),
        ("generate_insights",),
        ("update_dashboard",),
        ("send_notifications",),
    )
    assert definition.steps_by_name["transform_customer_metrics"].executor == "process"


@pytest.fixture(scope="module")
def second_quarter(tmp_path_factory) -> tuple[Path, str]:
    """The directory in which the command ran for three months, and what was printed."""
    directory = tmp_path_factory.mktemp("analytics")
    dates = ("--from", "2024-04-01", "--to", "2024-06-30")
    return directory, run_example("analytics", *dates, directory=directory).stdout


def test_the_dashboard_is_true(second_quarter):
    spent: dict[str, float] = defaultdict(float)
    for order in read_rows(ensure_data() / "orders.csv"):
        in_range = "2024-04-01" <= order["ordered_at"][:10] <= "2024-06-30"
        if in_range and order["status"] == "delivered":
            spent[order["user_id"]] += float(order["total"])
    output = second_quarter[0] / "analytics-output"
    dashboard = json.loads((output / "dashboard.json").read_text())
    customers = dashboard["customers"]
    assert customers["customers"] == len(spent) > 400
    assert customers["revenue"] == pytest.approx(sum(spent.values()))
    assert customers["mean_value"] == pytest.approx(fmean(spent.values()), abs=0.01)
    low, high = customers["mean_value_between"]
    assert low < customers["mean_value"] < high
    by_category = dashboard["products"]["revenue_by_category"]
    assert sum(by_category.values()) == pytest.approx(sum(spent.values()), abs=0.5)
    page = (output / "dashboard.html").read_text()
    assert "2024-04-01 to 2024-06-30" in page
    assert "$" not in page


async def left_task(directory: Path) -> TaskView:
    store = f"sqlite:///{directory / 'analytics.db'}"
    async with Engine.open(store, definitions=customer_analytics, work=False) as engine:
        [found] = (await engine.list_tasks(TaskQuery(name="customer_analytics"))).tasks
        return await engine.get(found.task_id)


def test_the_command_leaves_its_task_to_look_into(second_quarter):
    directory, printed = second_quarter
    assert "of the customers bring" in printed
    task = anyio.run(left_task, directory)
    assert task.task_id in printed
    assert [step.attempts for step in task.steps] == [1] * 8
    assert task.context["notification_channels"] == ["#data-team"]
    messages = json.loads(Path(task.results["send_notifications"]["file"]).read_text())
    assert messages[0]["channel"] == "#data-team"
    assert messages[0]["text"].endswith("dashboard.html")


def test_a_range_without_enough_orders_is_an_error(tmp_path):
    dates = ("--from", "2030-01-01", "--to", "2030-12-31")
    done = run_example("analytics", *dates, directory=tmp_path, exits=1)
    assert "extract_orders: there are 0 orders, fewer than 50 (INSUFFICIENT_DATA)" in done.stdout


async def run(output: Path, **context: object) -> TaskView:
    context = {
        "date_range": {"start_date": "2024-01-01", "end_date": "2024-03-31"},
        "data_dir": str(ensure_data()),
        "output_dir": str(output),
        **context,
    }
    request = TaskRequest(name="customer_analytics", namespace="data_pipelines", context=context)
    async with Engine.open("memory://", definitions=customer_analytics) as engine:
        return await engine.run(request, timeout_seconds=30)


@pytest.mark.parametrize(
    ("dates", "code"),
    [
        (("2024-05-01", "2024-04-01"), "INVALID_DATE_RANGE"),
        (("first of May", "2024-04-01"), "INVALID_DATE_FORMAT"),
    ],
)
async def test_dates_that_make_no_sense_stop_the_orders_alone(tmp_path, dates, code):
    date_range = {"start_date": dates[0], "end_date": dates[1]}
    task = await run(tmp_path, date_range=date_range)
    assert {name: error.error_code for name, error in task.errors.items()} == {
        "extract_orders": code
    }
    assert set(task.results) == {"extract_users", "extract_products"}


async def test_a_channel_that_is_none_fails_the_last_step_alone(tmp_path):
    task = await run(tmp_path, notification_channels=["data-team"])
    assert task.errors["send_notifications"].error_code == "INVALID_NOTIFICATION_CHANNELS"
    assert len(task.results) == 7
    assert (tmp_path / "dashboard.html").exists()


async def test_thresholds_that_are_left_out_are_filled_in(tmp_path):
    task = await run(tmp_path, quality_thresholds={"min_customer_records": 1_000_000})
    assert task.context["quality_thresholds"]["min_order_records"] == 50
    assert task.errors["extract_users"].error_code == "INSUFFICIENT_DATA"


async def test_a_request_without_dates_is_refused(tmp_path):
    with pytest.raises(ContextValidationError, match="date_range"):
        await run(tmp_path, date_range={"start_date": "2024-01-01"})
