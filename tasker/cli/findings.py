"""Analyses for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from rich.text import Text

from tasker.analysis.bottlenecks import Bottleneck
from tasker.analysis.config import Severity
from tasker.analysis.runtime import TaskAnalysis
from tasker.analysis.template import TemplateAnalysis
from tasker.cli.printing import clean, console, is_unicode, print_table, seconds
from tasker.cli.tables import grid, heading
from tasker.task_view import TaskView

MOST_NAMED = 12
"""Steps of a level, or of a path, that are named; a definition may have thousands."""
_COLOURS = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "bright_black",
}


def print_definition(found: TemplateAnalysis) -> None:
    """Print what was found out about a definition."""
    out, summary = console(), found.summary
    out.print(Text(clean(found.definition), style="bold"))
    facts = {
        "steps": f"{_count(summary.total_steps, 'step')}, "
        f"{_count(summary.total_dependencies, 'dependency')}, "
        f"{_count(summary.total_paths, 'path')}"
    }
    if found.cycles:
        facts["cycle"] = "; ".join(_path(cycle) for cycle in found.cycles)
    longest = found.critical_path.steps
    facts |= {
        "critical": f"{_path(longest)} ({_count(len(longest), 'step')})",
        "at once": f"{_count(summary.widest_parallel_steps, 'step')} at most, "
        f"{summary.parallel_branches} on one level; {summary.speedup:g} times as fast as one "
        "after another",
    }
    _print_facts(facts)
    _print_levels(found.levels)


def print_task(found: TaskAnalysis, view: TaskView) -> None:
    """Print what was found out about a task."""
    out = console()
    out.print(heading(view, datetime.now(UTC)))
    summary, bottlenecks = found.task_execution_summary, found.bottlenecks
    parallelism, spent = found.parallelism_opportunities, found.time_spent
    facts = {"health": f"{summary.overall_health}, impact {bottlenecks.overall_impact.lower()}"}
    if spent is not None:
        facts["time"] = (
            f"{seconds(spent.elapsed_seconds)}; the steps waited {seconds(spent.queued_seconds)}, "
            f"ran {seconds(spent.running_seconds)}, backed off {seconds(spent.backoff_seconds)}"
        )
    by_time, by_count = found.critical_paths.by_time, found.critical_paths.by_count
    if by_time is not None:
        facts["critical"] = f"{_path(by_time.steps)} ({seconds(by_time.total)})"
    facts["longest"] = f"{_path(by_count.steps)} ({_count(len(by_count.steps), 'step')})"
    facts["at once"] = f"{_count(parallelism.widest_parallel_steps, 'step')} at most" + (
        f"; {parallelism.mean_running_steps:g} on average"
        if parallelism.mean_running_steps is not None
        else ""
    )
    _print_facts(facts)
    if bottlenecks.bottlenecks:
        _print_bottlenecks(bottlenecks.bottlenecks, bottlenecks.total_bottlenecks)
    if summary.recommendations:
        out.print(Text("advice", style="bold"))
        for sentence in summary.recommendations:
            out.print(Text(f"  {clean(sentence)}"), soft_wrap=False)


def _print_facts(facts: Mapping[str, str]) -> None:
    table = grid()
    table.show_header = False
    table.add_column(style="bright_black", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(Text(name), Text(value))
    print_table(table)


def _print_levels(levels: Mapping[str, int]) -> None:
    by_level: dict[int, list[str]] = {}
    for name, level in levels.items():
        by_level.setdefault(level, []).append(name)
    console().print(Text("levels", style="bold"))
    table = grid()
    table.show_header = False
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    for level, names in sorted(by_level.items()):
        table.add_row(Text(f"  {level + 1}"), Text(_listed(names, ", ")))
    print_table(table)


def _print_bottlenecks(bottlenecks: Sequence[Bottleneck], total: int) -> None:
    more = f", the worst {len(bottlenecks)} of {total}" if total > len(bottlenecks) else ""
    console().print(Text(f"bottlenecks{more}", style="bold"))
    table = grid()
    for column in ("  step", "severity", "impact", "blocks", "why", "what to do"):
        table.add_column(column, justify="right" if column in ("impact", "blocks") else "left")
    for each in bottlenecks:
        table.add_row(
            Text(f"  {clean(each.step)}"),
            Text(each.severity, style=_COLOURS[each.severity]),
            Text(str(each.impact_score)),
            Text(str(each.blocked_downstream_count)),
            Text(each.bottleneck_type),
            Text(each.resolution_strategy),
        )
    print_table(table)


def _path(steps: Iterable[str]) -> str:
    return _listed(list(steps), " → " if is_unicode() else " -> ") or "-"


def _listed(names: Sequence[str], between: str) -> str:
    """Return names in one line; of many the first ones, and the last."""
    shown = [clean(name) for name in names]
    if len(shown) > MOST_NAMED:
        left_out = len(shown) - MOST_NAMED
        shown[MOST_NAMED - 1 : -1] = [f"({left_out} more)"]
    return between.join(shown)


def _count(number: int, noun: str) -> str:
    plural = noun if number == 1 else f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {plural}"
