"""``tasker graph``: the steps of a definition or a task, drawn."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from tasker.analysis.diagrams import (
    Diagram,
    as_dot,
    as_html,
    as_mermaid,
    diagram_of_definition,
    diagram_of_task,
    graph_svg,
    timeline_svg,
)
from tasker.analysis.timeline import Timeline, timeline_of
from tasker.cli.drawing import as_text
from tasker.cli.printing import note, print_json
from tasker.cli.settings import Settings, pass_settings, source_options, store_options
from tasker.cli.targets import TaskTarget, find_target

FORMATS = ("text", "mermaid", "dot", "json", "svg", "html")


@click.command("graph", short_help="Draw a definition's or a task's graph.")
@click.argument("target", metavar="FILE|NAME|TASK_ID")
@click.option(
    "--format",
    "-f",
    "style",
    type=click.Choice(FORMATS),
    help="What to draw it as.  [default: text]",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE",
    help="Write it there instead of printing it.",
)
@source_options
@store_options
@pass_settings
def graph_command(settings: Settings, target: str, style: str | None, output: Path | None) -> None:
    """Draw the steps of a definition, or of a task with their states.

    The critical path is marked. `svg` is the graph of a definition, and the timeline of
    a task: when each step waited, ran and backed off. `html` is a page with both.

    A name is looked for in what --definitions, --app and --entry-points give; with
    none of them, it is a task's id, or with --server a definition that the server has.

    \b
    Examples:
      tasker graph checkout.yaml
      tasker graph checkout.yaml --format mermaid > checkout.mmd
      tasker graph last --format html -o last.html
    """
    if settings.json and style not in (None, "json"):
        raise click.UsageError(f"--json and --format {style} ask for different things")
    style = "json" if settings.json else style or "text"
    found = find_target(settings, target)
    now = datetime.now(UTC)
    timeline: Timeline | None = None
    if isinstance(found, TaskTarget):
        diagram = diagram_of_task(found.view, found.history, now=now)
        timeline = timeline_of(found.view, found.history, now)
    else:
        diagram = diagram_of_definition(found)
    if style == "json" and output is None:
        print_json(diagram)
        return
    drawn = _drawn(diagram, timeline, style)
    if output is None:
        print(drawn)
        return
    _write(output, drawn)
    note(f"wrote {output}")


def _drawn(diagram: Diagram, timeline: Timeline | None, style: str) -> str:
    match style:
        case "json":
            return msgspec.json.format(msgspec.json.encode(diagram)).decode()
        case "mermaid":
            return as_mermaid(diagram)
        case "dot":
            return as_dot(diagram)
        case "html":
            return as_html(diagram, timeline)
        case "svg" if timeline is not None:
            return timeline_svg(diagram, timeline)
        case "svg":
            return _graph_svg(diagram)
    return as_text(diagram)


def _graph_svg(diagram: Diagram) -> str:
    try:
        return graph_svg(diagram)
    except ValueError as error:
        raise click.UsageError(f"{error}; take --format dot or json") from error


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"cannot write {file}: {error.strerror}") from error
