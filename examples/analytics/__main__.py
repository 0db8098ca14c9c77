"""Make the dashboard of a range of dates: ``python -m examples.analytics``."""

from __future__ import annotations

import argparse
from pathlib import Path

import anyio
from rich.console import Console
from rich.table import Table

from examples.analytics.pipeline import customer_analytics
from examples.command import tasker_command
from examples.data import ensure_data
from tasker import Engine, TaskerError, TaskRequest, TaskView


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m examples.analytics", description="Make the dashboard of a range of dates."
    )
    parser.add_argument("--store", default="sqlite:///analytics.db", help="default: %(default)s")
    parser.add_argument("--from", dest="start", default="2024-01-01", help="default: %(default)s")
    parser.add_argument("--to", dest="end", default="2024-12-31", help="default: %(default)s")
    parser.add_argument(
        "--output", type=Path, default=Path("analytics-output"), help="default: %(default)s"
    )
    return parser.parse_args()


async def run_pipeline(store: str, context: dict[str, object]) -> TaskView:
    """Run the pipeline once, and return the task as it ended."""
    request = TaskRequest(
        name="customer_analytics",
        namespace="data_pipelines",
        context=context,
        initiator="examples.analytics",
    )
    async with Engine.open(store, definitions=customer_analytics) as engine:
        return await engine.run(request)


def main() -> int:
    """Return 0 when the dashboard is made."""
    options = parse_arguments()
    console = Console()
    context: dict[str, object] = {
        "date_range": {"start_date": options.start, "end_date": options.end},
        "data_dir": str(ensure_data()),
        "output_dir": str(options.output.resolve()),
    }
    try:
        task = anyio.run(run_pipeline, options.store, context)
    except TaskerError as error:
        console.print(f"[red]{error}[/]")
        return 2
    console.print(steps_table(task))
    for step, failure in task.errors.items():
        console.print(f"[red]{step}: {failure.message}[/] ({failure.error_code})", soft_wrap=True)
    if task.errors:
        return 1
    for sentence in task.results["generate_insights"]["sentences"]:
        console.print(f"  {sentence}", highlight=False)
    console.print(f"The dashboard: {task.results['update_dashboard']['html']}", soft_wrap=True)
    command = f"{tasker_command()} show --store {options.store} {task.task_id}"
    console.print(f"The task: {command}", soft_wrap=True)
    return 0


def steps_table(task: TaskView) -> Table:
    """Return a table of the steps, with what each took."""
    table = Table(title=f"{task.namespace}.{task.name}@{task.version}: {task.state}")
    for heading in ("step", "after", "state", "seconds"):
        table.add_column(heading, justify="right" if heading == "seconds" else "left")
    for step in task.steps:
        took = "" if step.run_seconds is None else f"{step.run_seconds:.2f}"
        table.add_row(step.name, ", ".join(step.depends_on), step.state, took)
    return table


if __name__ == "__main__":
    raise SystemExit(main())
