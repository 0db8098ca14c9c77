"""``tasker show``: one task, with all that is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import anyio
import click
import msgspec
from msgspec import Struct
from rich.text import Text

from tasker.cli.finding import find_task
from tasker.cli.hiding import (
    Hide,
    as_it_is,
    hidden,
    step_without_secrets,
    task_without_secrets,
)
from tasker.cli.hints import WAITING, Worker, note_unworked, worker_of
from tasker.cli.history import print_history
from tasker.cli.outcome import print_errors, print_results
from tasker.cli.printing import (
    LONGEST_MESSAGE,
    brief,
    clean,
    clip,
    console,
    is_terminal,
    moment,
    print_json,
    print_table,
)
from tasker.cli.service import connect
from tasker.cli.settings import Settings, pass_settings, store_options
from tasker.cli.steps import error_text, rows, word
from tasker.cli.tables import heading, steps_table
from tasker.errors import UnknownStepError
from tasker.reading import Annotation, HistoryEntry
from tasker.stores.records import TaskState
from tasker.task_view import StepView, TaskView

LONGEST_VALUE = 500
_DONE = (TaskState.COMPLETE, TaskState.CANCELLED, TaskState.RESOLVED_MANUALLY)


class Shown(Struct, frozen=True, kw_only=True):
    """A task and what is kept beside it."""

    view: TaskView
    annotations: Sequence[Annotation]
    history: Sequence[HistoryEntry]
    worker: Worker | None

    def as_json(self, hide: Hide, *, with_history: bool) -> dict[str, Any]:
        """Return the task's fields, those beside it, and ``history`` when asked for."""
        fields = task_without_secrets(self.view, hide)
        fields["annotations"] = [
            msgspec.structs.replace(each, annotation=hide(each.annotation))
            for each in self.annotations
        ]
        fields["worker"] = self.worker
        if with_history:
            fields["history"] = self.history
        return fields


@click.command("show", short_help="Show a task with its steps.")
@click.argument("task", metavar="[TASK_ID]", default="last")
@click.option("--step", metavar="NAME", help="One step alone, with everything about it.")
@click.option("--history", "with_history", is_flag=True, help="Every transition, in order.")
@click.option("--verbose", "-v", is_flag=True, help="Handlers, inputs, results, backtraces.")
@click.option("--unmasked", is_flag=True, help="Secrets in the context and in results too.")
@store_options
@pass_settings
def show_command(
    settings: Settings,
    *,
    task: str,
    step: str | None,
    with_history: bool,
    verbose: bool,
    unmasked: bool,
) -> None:
    """Show a task: its steps, attempts, timings, results and errors.

    TASK_ID is the id, four or more characters of its beginning or end, or `last`,
    which is the default. What stands under keys such as password or token, in the context,
    in results and annotations, reads [FILTERED], unless --unmasked.

    \b
    Examples:
      tasker show
      tasker show 9f3a2b7c --history
      tasker show last --step charge
      tasker show last --json
    """
    shown = anyio.run(_read, settings, task, with_history)
    hide = as_it_is if unmasked else hidden
    if step is not None:
        found = _step(shown.view, step)
        if settings.json:
            print_json(step_without_secrets(found, hide))
        else:
            _print_step(found, hide)
    elif settings.json:
        print_json(shown.as_json(hide, with_history=with_history))
    else:
        _print_task(shown, hide, with_history=with_history, verbose=verbose)
        if shown.worker is None and shown.view.state in WAITING:
            note_unworked(settings, shown.view.task_id)


async def _read(settings: Settings, task: str, with_history: bool) -> Shown:
    async with connect(settings) as service:
        task_id = await find_task(service, task)
        view = await service.get(task_id)
        annotations = await service.annotations(task_id)
        history = await service.history(task_id) if with_history else []
        worker = await worker_of(service)
    return Shown(view=view, annotations=annotations, history=history, worker=worker)


def _step(view: TaskView, name: str) -> StepView:
    try:
        return view.step(name)
    except KeyError:
        known = tuple(step.name for step in view.steps)
        raise UnknownStepError(task_id=view.task_id, step=name, known=known) from None


def _print_task(shown: Shown, hide: Hide, *, with_history: bool, verbose: bool) -> None:
    view, out = shown.view, console()
    now = datetime.now(UTC)
    out.print(heading(view, now))
    _print_id(view.task_id)
    _print_facts(_task_facts(view, hide))
    out.print()
    print_table(steps_table(rows(view, now)))
    if verbose:
        for step in view.steps:
            out.print()
            _print_step(step, hide)
    else:
        print_results(view, hide)
        print_errors(view)
    if shown.annotations:
        out.print(Text("annotations", style="bold"))
        for each in shown.annotations:
            _line(f"  {moment(each.at)}  {clean(each.type)}  ", hide(each.annotation))
    if with_history:
        limit = None if verbose else LONGEST_MESSAGE
        print_history(shown.history, view, limit=limit)


def _task_facts(view: TaskView, hide: Hide) -> dict[str, str]:
    status = view.status
    who = f"{clean(view.initiator)} through {clean(view.source_system)}"
    if view.reason != "unknown":
        who += f": {clean(view.reason)}"
    facts = {
        "created": f"{moment(view.created_at)} by {who}",
        "ended": moment(view.ended_at) if view.ended_at else "",
        "wakes": moment(view.wake_at) if view.wake_at else "",
        "status": (
            ""
            if view.state in _DONE
            else f"{word(status.execution_status)}, {word(status.health_status)}"
        ),
        "priority": str(view.priority) if view.priority else "",
        "tags": clean(", ".join(view.tags)),
        "bypass": clean(", ".join(view.bypass_steps)),
        "identity": clean(view.identity or ""),
        "corr. id": "" if view.correlation_id == view.task_id else clean(view.correlation_id or ""),
        "trace": clean(view.traceparent or ""),
        "context": msgspec.json.encode(hide(view.context)).decode() if view.context else "",
    }
    return {name: value for name, value in facts.items() if value}


def _print_id(task_id: str) -> None:
    """Print the id whole, on a line of its own where it does not fit beside its name."""
    out = console()
    label = Text(f"{'id':<8}  ", style="bright_black")
    if is_terminal() and out.width < len(label) + len(task_id):
        label = Text()
    out.print(label.append(task_id, style="default"), soft_wrap=True)


def _print_facts(facts: dict[str, str], indent: str = "") -> None:
    out = console()
    room = max(20, out.width - 10 - len(indent)) if is_terminal() else LONGEST_VALUE
    for name, value in facts.items():
        line = Text(f"{indent}{name:<8}  ", style="bright_black", no_wrap=True, overflow="crop")
        out.print(line.append(clip(value, room), style="default"))


def _print_step(step: StepView, hide: Hide) -> None:
    out = console()
    out.print(Text(clean(step.name), style="bold"))
    limit = step.retry_limit if step.retryable else 1
    facts = {
        "state": word(step.state),
        "about": clean(step.description),
        "handler": clean(step.handler),
        "after": clean(", ".join(step.depends_on)),
        "system": clean(step.dependent_system or ""),
        "attempts": f"{step.attempts}, {step.attempts_left} left of {limit}",
        "started": moment(step.started_at) if step.started_at else "",
        "ended": moment(step.ended_at) if step.ended_at else "",
        "retry": moment(step.retry_at) if step.retry_at else "",
        "queued": "" if step.queued_seconds is None else f"{step.queued_seconds:.3f}s",
        "ran": "" if step.run_seconds is None else f"{step.run_seconds:.3f}s",
    }
    _print_facts({name: value for name, value in facts.items() if value}, "  ")
    for name, value in (("inputs", step.inputs), ("results", step.results)):
        if value is not None:
            _print_value(name, hide(value))
    if step.error is not None:
        _print_value("error", error_text(step.error, None))
        for frame in step.error.backtrace:
            for line in frame.rstrip().splitlines():
                out.print(Text(f"            {clean(line)}"))
        if step.error.context:
            _print_value("context", step.error.context)


def _print_value(name: str, value: Any) -> None:
    """Print a value whole, indented where it does not fit a line."""
    text = value if isinstance(value, str) else msgspec.json.encode(value, enc_hook=str).decode()
    if not isinstance(value, str) and len(text) > console().width - 14:
        text = msgspec.json.format(text)
    first, *others = (clean(line) for line in text.splitlines() or [""])
    out = console()
    label = Text(f"  {name:<8}  ", style="bright_black")
    out.print(label.append(first, style="default"))
    for line in others:
        out.print(Text(f"            {line}"))


def _line(head: str, value: Any) -> None:
    out = console()
    room = max(20, out.width - len(head)) if is_terminal() else LONGEST_VALUE
    out.print(
        Text(head, style="bright_black", no_wrap=True).append(brief(value, room), style="default")
    )
