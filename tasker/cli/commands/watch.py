"""``tasker watch``: follow a task that runs elsewhere."""

from __future__ import annotations

import anyio
import click

from tasker.actors.workflow.states import AT_REST
from tasker.cli.finding import find_task
from tasker.cli.follow import exit_code, follow
from tasker.cli.hints import note_unworked
from tasker.cli.outcome import print_outcome
from tasker.cli.printing import print_json
from tasker.cli.progress import make_display
from tasker.cli.service import connect
from tasker.cli.settings import Settings, pass_settings, store_options
from tasker.task_view import TaskView


@click.command("watch", short_help="Follow a task until it ends.")
@click.argument("task", metavar="TASK_ID")
@store_options
@pass_settings
def watch_command(settings: Settings, task: str) -> int:
    """Follow a task until it ends, as `run` shows it; Ctrl-C leaves it alone.

    The exit code is that of the task's outcome, as for `run`.

    \b
    Examples:
      tasker watch last
      tasker watch $(tasker submit checkout.yaml) --json
    """
    view = anyio.run(_watch, settings, task)
    if settings.json:
        print_json(view.to_dict())
    else:
        print_outcome(view)
    return exit_code(view)


async def _watch(settings: Settings, task: str) -> TaskView:
    display = make_display(quiet=settings.json)
    async with connect(settings) as service:
        task_id = await find_task(service, task)
        if await service.holder() is None and (await service.get(task_id)).state not in AT_REST:
            note_unworked(settings, task_id)
        with display.running():
            return await follow(service, task_id, display)
