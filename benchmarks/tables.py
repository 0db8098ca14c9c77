"""Results on the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmarks.results import CaseResult, ContenderResult, RatioResult
from tasker.bench.distribution import Summary

_UNITS = {"_ms": " ms", "_mib": " MiB", "_kib": " KiB", "_us": " µs", "_per_second": "/s"}


def print_case(console: Console, result: CaseResult) -> None:
    """Print a case: its question, its contenders, its ratios."""
    console.print()
    console.print(Text(result.name, style="bold"), Text(f"({result.seconds:.0f} s)", style="dim"))
    console.print(Text(result.question.split("\n\n")[0].replace("\n", " "), style="italic"))
    names = dict.fromkeys(name for each in result.contenders for name in each.metrics)
    if names:
        console.print(_contenders(result, list(names)))
    for each in result.contenders:
        if each.failed is not None:
            console.print(Text(f"{each.name} was skipped: {each.failed}", style="yellow"))
    for each in result.contenders:
        if each.facts:
            console.print(Text(f"{each.name}: {_facts(each)}", style="dim"))
    if result.ratios:
        console.print(_ratios(result.ratios))


def figure(value: float) -> str:
    """Return a number with three digits that count, and no more."""
    size = abs(value)
    if size >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 0.1 else f"{value:.3g}"


def heading(metric: str) -> str:
    """Return the heading of a metric's column: ``p50_ms`` as ``p50 ms``."""
    for ending, unit in _UNITS.items():
        if metric.endswith(ending):
            return metric.removesuffix(ending).replace("_", " ") + unit
    return metric.replace("_", " ")


def _contenders(result: CaseResult, names: list[str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    for name in names:
        table.add_column(heading(name), justify="right")
    for each in result.contenders:
        if each.metrics:
            table.add_row(each.name, *(_cell(each.metrics.get(name)) for name in names))
    return table


def _cell(value: Summary | None) -> str:
    if value is None:
        return ""
    spread = f" ±{value.spread / 2:.0%}" if len(value.samples) > 1 and value.spread else ""
    return figure(value.median) + spread


def _facts(result: ContenderResult) -> str:
    return "; ".join(f"{name} {value}" for name, value in result.facts.items())


def _ratios(ratios: list[RatioResult]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("ratio")
    for name in ("median", "low", "high", "aim", ""):
        table.add_column(name, justify="right")
    for ratio in ratios:
        value = ratio.value
        aims = [f"≥ {ratio.at_least:g}"] if ratio.at_least is not None else []
        aims += [f"≤ {ratio.at_most:g}"] if ratio.at_most is not None else []
        verdict = {True: "[green]holds[/]", False: "[red]does not hold[/]", None: ""}[ratio.holds]
        table.add_row(
            ratio.name,
            *(figure(each) for each in (value.median, value.low, value.high)),
            " ".join(aims),
            verdict,
        )
    return table
