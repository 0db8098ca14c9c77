"""What people do to tasks: ``tasker cancel``, ``pause``, ``resume`` and the others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import anyio
import click

from tasker.cli.finding import find_task
from tasker.cli.hints import WAITING, note_unworked
from tasker.cli.inputs import JsonObjectType, JsonType, user_name
from tasker.cli.printing import print_json
from tasker.cli.service import Service, connect
from tasker.cli.settings import Settings, pass_settings, store_options
from tasker.cli.steps import word
from tasker.stores.records import TaskState

Command = TypeVar("Command", bound=Callable[..., Any])
Operate = Callable[[Service, str], Awaitable[TaskState]]

_step = click.option("--step", metavar="NAME", help="One step, rather than the task.")
_needed_step = click.option("--step", required=True, metavar="NAME", help="The step.")


def _operation(name: str, short_help: str) -> Callable[[Command], click.Command]:
    """Make a command of a function, with what all operations have."""

    def decorate(function: Command) -> click.Command:
        command = click.argument("task", metavar="TASK_ID")(function)
        command = store_options(command)
        for option in (
            click.option(
                "--by", default=user_name, metavar="NAME", help="Who does it; you by default."
            ),
            click.option("--reason", metavar="TEXT", help="Why, for the task's history."),
        ):
            command = option(command)
        return click.command(name, short_help=short_help)(pass_settings(command))

    return decorate


@_operation("cancel", "Cancel a task, or one step of it.")
@_step
def cancel_command(settings: Settings, /, task: str, step: str | None, **who: Any) -> None:
    """Cancel a task: running steps are cancelled, the others do not start.

    With --step, one step alone ends; what depends on it cannot run.

    \b
    Examples:
      tasker cancel last --reason "ordered twice"
      tasker cancel 9f3a2b7c --step ship
    """
    if step is None:
        _do(settings, task, lambda on, id: on.cancel(id, **who))
    else:
        _do(
            settings,
            task,
            lambda on, id: on.cancel_step(id, step, **who),
            f"step {step} is cancelled",
        )


@_operation("pause", "Start no more steps of a task.")
def pause_command(settings: Settings, /, task: str, **who: Any) -> None:
    """Start no more steps of a task until it is resumed; running steps finish.

    \b
    Example:
      tasker pause last --reason "the warehouse is closed"
    """
    _do(settings, task, lambda on, id: on.pause(id, **who))


@_operation("resume", "Go on with a paused task.")
def resume_command(settings: Settings, /, task: str, **who: Any) -> None:
    """Go on with a paused task.

    \b
    Example:
      tasker resume last
    """
    _do(settings, task, lambda on, id: on.resume(id, **who))


@_operation("retry", "Try the failed steps of a task again.")
@_step
def retry_command(settings: Settings, /, task: str, step: str | None, **who: Any) -> None:
    """Try the failed steps of a task again at once, or one of them; what is done is kept.

    A step without attempts left gets its whole limit again.

    \b
    Examples:
      tasker retry last
      tasker retry last --step charge --reason "the card was renewed"
    """
    _do(
        settings,
        task,
        lambda on, id: on.retry(id, step, **who),
        f"step {step} is tried again" if step else "what failed is tried again",
    )


@_operation("resolve", "Take a failed task or step as done by hand.")
@_step
@click.option(
    "--results",
    type=JsonType(),
    metavar="JSON|@FILE|-",
    help="With --step: what the step would have returned.",
)
def resolve_command(
    settings: Settings, /, task: str, step: str | None, results: Any, **who: Any
) -> None:
    """Take a failed task as done by hand; or a step, after which the task goes on.

    \b
    Examples:
      tasker resolve last --reason "shipped by hand"
      tasker resolve last --step charge --results '{"receipt": "A-17"}'
    """
    if step is not None:
        _do(
            settings,
            task,
            lambda on, id: on.resolve_step(id, step, results=results, **who),
            f"step {step} is resolved by hand",
        )
        return
    if results is not None:
        raise click.UsageError("--results are those of a step; name it with --step")
    _do(settings, task, lambda on, id: on.resolve_task(id, **who))


@_operation("update", "Change a step's retry limit or inputs.")
@_needed_step
@click.option("--retry-limit", type=int, metavar="N", help="How often it may be executed.")
@click.option(
    "--inputs", type=JsonObjectType(), metavar="JSON|@FILE|-", help="What the step works on."
)
def update_command(
    settings: Settings, /, task: str, step: str, retry_limit: int | None, inputs: Any, **who: Any
) -> None:
    """Change a step's retry limit or inputs, for its next attempt.

    \b
    Examples:
      tasker update last --step charge --retry-limit 10
      tasker update last --step charge --inputs '{"card": "tok_2"}'
    """
    _do(
        settings,
        task,
        lambda on, id: on.update_step(id, step, retry_limit=retry_limit, inputs=inputs, **who),
        f"step {step} is changed",
    )


@_operation("reset", "Let a step's attempts so far not count.")
@_needed_step
def reset_command(settings: Settings, /, task: str, step: str, **who: Any) -> None:
    """Let a step's attempts so far not count against its limit.

    \b
    Example:
      tasker reset last --step charge
    """
    _do(
        settings,
        task,
        lambda on, id: on.reset_attempts(id, step, **who),
        f"the attempts of step {step} do not count any more",
    )


@click.command("annotate", short_help="Note something on a task.")
@click.argument("task", metavar="TASK_ID")
@click.argument("type_", metavar="TYPE")
@click.argument("annotation", type=JsonObjectType(), metavar="JSON|@FILE|-")
@click.option("--by", default=user_name, metavar="NAME", help="Who notes it; you by default.")
@store_options
@pass_settings
def annotate_command(
    settings: Settings, /, task: str, type_: str, annotation: Any, by: str
) -> None:
    """Note a JSON object on a task, under a type that is made on first use.

    \b
    Example:
      tasker annotate last ticket '{"number": 4711}'
    """
    _do(
        settings,
        task,
        lambda on, id: on.annotate(id, type_, annotation, by=by),
        "noted",
    )


def _do(settings: Settings, task: str, operate: Operate, done: str = "") -> None:
    """Do it and say so: what was done, when that is not the task's state alone."""
    task_id, state, is_worked = anyio.run(_operate, settings, task, operate)
    if settings.json:
        print_json({"task_id": task_id, "state": state})
        return
    now = "in error" if state is TaskState.ERROR else word(state)
    print(f"{done}{'; ' if done else ''}task {task_id} is {now}")
    if state in WAITING and not is_worked:
        note_unworked(settings, task_id)


async def _operate(settings: Settings, task: str, operate: Operate) -> tuple[str, TaskState, bool]:
    async with connect(settings) as service:
        task_id = await find_task(service, task)
        state = await operate(service, task_id)
        return task_id, state, await service.holder() is not None
