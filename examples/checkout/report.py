"""What the checkout prints: the steps, the progress, and what came of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from examples.command import tasker_command
from examples.services import Shop
from tasker import TaskState, TaskView
from tasker.events import Subscription
from tasker.events.step import StepFailed

if TYPE_CHECKING:
    from examples.checkout.run import Outcome

MOST_SHOWN = 5  # tasks to name one by one


class Progress:
    """Prints a line for every attempt that failed and will be repeated, and for every end."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._orders: dict[str, str] = {}

    def submitted(self, task_id: str, order_number: str) -> None:
        """Learn which order a task is for."""
        self._orders[task_id] = order_number

    async def watch(self, events: Subscription) -> None:
        """Print the retries, for ever."""
        async for event in events:
            if not isinstance(event, StepFailed) or event.retry_at is None:
                continue
            order = self._orders.get(event.task_id, event.task_id)
            wait = event.retry_at - event.at
            what = f"{event.step} attempt {event.attempt} failed, again in {wait:.1f} s"
            self._line(order, f"[yellow]{what}[/]: {escape(event.error_message)}")

    def ended(self, order_number: str, task: TaskView) -> None:
        """Print how a task ended."""
        if task.state is TaskState.COMPLETE:
            total = task.results["validate_cart"]["total"]
            return self._line(order_number, f"[green]complete[/], {total:.2f} paid")
        for step, error in task.errors.items():
            self._line(order_number, f"[red]{task.state}[/] at {step}: {escape(error.message)}")

    def _line(self, order_number: str, text: str) -> None:
        self._console.print(f"  {order_number}  {text}", soft_wrap=True, highlight=False)


def summary_table(outcomes: Sequence[Outcome], elapsed: float) -> Table:
    """Return a table of the outcomes: how many, after how many retries."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[outcome.found].append(outcome)
    table = Table(title=f"{len(outcomes)} orders in {elapsed:.1f} s")
    table.add_column("outcome")
    for heading in ("orders", "as expected", "retries", "slowest (s)"):
        table.add_column(heading, justify="right")
    for found, group in sorted(groups.items(), key=lambda item: -len(item[1])):
        table.add_row(
            found,
            str(len(group)),
            str(sum(outcome.as_expected for outcome in group)),
            str(sum(outcome.retries for outcome in group)),
            f"{max(_seconds(outcome.task) for outcome in group):.1f}",
        )
    return table


def ledger_line(shop: Shop, outcomes: Sequence[Outcome]) -> str:
    """Return what the shop's own books say of the orders, in a sentence."""
    charges = Counter(charge["reference"] for charge in shop.charges.values())
    times = {outcome.order_number: charges[outcome.task.task_id] for outcome in outcomes}
    twice = ", ".join(sorted(number for number, n in times.items() if n > 1)) or "none"
    return (
        f"The shop's books: {sum(map(bool, times.values()))} of these orders are charged; "
        f"charged twice: {twice}. Requests that came again, their answer lost: {shop.repeated}."
    )


def inspection_lines(outcomes: Sequence[Outcome], store: str, run: str) -> list[str]:
    """Return commands to look further with, each with what it shows."""
    retried = max(outcomes, key=lambda outcome: outcome.retries)
    shown = {retried.task.task_id: f"{retried.order_number}, {retried.retries} retries"}
    for outcome in outcomes:
        if outcome.found != "complete":
            shown.setdefault(outcome.task.task_id, f"{outcome.order_number}, {outcome.found}")
    counts = Counter(outcome.task.state for outcome in outcomes)
    tasker = tasker_command()
    lines = [f"{tasker} list --store {store} --tag run:{run}  # {len(outcomes)} orders"]
    if failed := counts[TaskState.ERROR]:
        lines.append(f"{tasker} list --store {store} --tag run:{run} --state error  # {failed}")
    lines += [
        f"{tasker} show --store {store} {task}  # {what}"
        for task, what in [*shown.items()][:MOST_SHOWN]
    ]
    return lines


def _seconds(task: TaskView) -> float:
    return ((task.ended_at or task.created_at) - task.created_at).total_seconds()
