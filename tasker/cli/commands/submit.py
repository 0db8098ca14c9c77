"""``tasker submit``: leave a task in the store for a worker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anyio
import click

from tasker.cli.hints import note_unworked
from tasker.cli.printing import print_json
from tasker.cli.requests import make_request, request_options
from tasker.cli.service import connect
from tasker.cli.settings import Settings, pass_settings, source_options, store_options
from tasker.discovery import Discovered
from tasker.request import TaskRequest


@click.command("submit", short_help="Submit a task, for a worker to run.")
@click.argument("target", metavar="NAME|FILE")
@request_options
@source_options
@store_options
@pass_settings
def submit_command(settings: Settings, /, target: str, **fields: Any) -> None:
    """Submit a task and print its id; a worker runs it.

    The task is durable when the command returns. With --idempotency-key, a second
    task with the same key is refused, and the error names the first one.

    \b
    Examples:
      tasker submit checkout.yaml --context @order.json
      tasker submit shop.checkout -d workflows/ --idempotency-key order-7
    """
    request, sources = make_request(target, settings, **fields)
    task_id, is_worked = anyio.run(_submit, settings, request, sources)
    if settings.json:
        print_json({"task_id": task_id})
        return
    print(task_id)
    if not is_worked:
        note_unworked(settings, task_id)


async def _submit(
    settings: Settings, request: TaskRequest, sources: Sequence[Discovered]
) -> tuple[str, bool]:
    async with connect(settings, create=True, sources=sources) as service:
        return await service.submit(request), await service.holder() is not None
