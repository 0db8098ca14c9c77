"""``tasker analyze``: where a definition or a task is narrow, and what to do about it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click
import msgspec

from tasker.analysis import AnalysisConfig, analyze_definition, analyze_task
from tasker.cli.findings import print_definition, print_task
from tasker.cli.inputs import JsonObjectType
from tasker.cli.printing import print_json
from tasker.cli.settings import Settings, pass_settings, source_options, store_options
from tasker.cli.targets import TaskTarget, find_target


@click.command("analyze", short_help="Find what decides how long it takes.")
@click.argument("target", metavar="FILE|NAME|TASK_ID")
@click.option(
    "--weights",
    type=JsonObjectType(),
    metavar="JSON",
    help="Weights that differ from the defaults: JSON, @file, or - for the standard input.",
)
@source_options
@store_options
@pass_settings
def analyze_command(settings: Settings, target: str, weights: dict[str, Any] | None) -> None:
    """Analyse the graph of a definition, or a task as it stands.

    Of a definition: levels, the critical path, and how many steps can run at once. Of a
    task: where its time went, the critical path by time, failed steps with what they hold
    up, bottlenecks with their impact, and advice.

    A name is looked for in what --definitions, --app and --entry-points give; with
    none of them, it is a task's id, or with --server a definition that the server has.

    \b
    Examples:
      tasker analyze checkout.yaml
      tasker analyze last
      tasker analyze last --json --weights '{"severity_thresholds": {"critical": 60}}'
    """
    config = _config(weights or {})
    found = find_target(settings, target)
    if isinstance(found, TaskTarget):
        of_task = analyze_task(found.view, found.history, now=datetime.now(UTC), config=config)
        if settings.json:
            print_json(of_task)
        else:
            print_task(of_task, found.view)
        return
    of_definition = analyze_definition(found, config=config)
    if settings.json:
        print_json(of_definition)
    else:
        print_definition(of_definition)


def _config(weights: dict[str, Any]) -> AnalysisConfig:
    try:
        return msgspec.convert(weights, AnalysisConfig)
    except msgspec.ValidationError as error:
        raise click.BadParameter(str(error), param_hint="--weights") from error
