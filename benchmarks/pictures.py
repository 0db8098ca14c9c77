"""Results as pictures: ``python -m benchmarks.pictures RESULTS.json`` draws those of a file."""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl
import msgspec
from matplotlib.figure import Figure

from benchmarks.case import Curve
from benchmarks.results import CaseResult, Results
from benchmarks.tables import heading

mpl.use("Agg")

import matplotlib.pyplot as plt

RESULTS = Path(__file__).parent / "results"


def draw(results: Results, folder: Path) -> list[Path]:
    """Draw every curve, and bars of every case with a headline; return the files.

    They are named by case and date, and say on them on what they were measured.
    """
    folder.mkdir(parents=True, exist_ok=True)
    drawn: list[Path] = []
    for case in results.cases:
        for number, curve in enumerate(case.curves):
            path = folder / f"{_stem(case, results)}-{number}.png"
            if _draw_curve(case, curve, results, path):
                drawn.append(path)
        if case.headline is not None:
            path = folder / f"{_stem(case, results)}.png"
            if _draw_bars(case, case.headline, results, path):
                drawn.append(path)
    return drawn


def _draw_curve(case: CaseResult, curve: Curve, results: Results, path: Path) -> bool:
    figure, axes = plt.subplots(figsize=(8, 4.5))
    drawn = False
    for series in curve.series:
        points = [
            (each.x, each.metrics[curve.metric])
            for each in case.contenders
            if each.series == series and each.x is not None and curve.metric in each.metrics
        ]
        if points:
            drawn = True
            middle = [value.median for _, value in points]
            below = [value.median - value.low for _, value in points]
            above = [value.high - value.median for _, value in points]
            axes.errorbar(
                [x for x, _ in points], middle, (below, above), marker="o", capsize=3, label=series
            )
    if drawn:
        axes.set_xscale("symlog")
        axes.set_ylim(bottom=0)
        axes.set_xlabel(curve.x_label)
        axes.set_ylabel(curve.y_label)
        axes.set_title(curve.title)
        axes.legend()
        axes.grid(visible=True, alpha=0.3)
        _save(figure, results, path)
    plt.close(figure)
    return drawn


def _draw_bars(case: CaseResult, metric: str, results: Results, path: Path) -> bool:
    found = [
        (each.name, each.metrics[metric]) for each in case.contenders if metric in each.metrics
    ]
    if not found:
        return False
    found.reverse()
    figure, axes = plt.subplots(figsize=(8, 1.2 + 0.4 * len(found)))
    middle = [value.median for _, value in found]
    errors = [
        [value.median - value.low for _, value in found],
        [value.high - value.median for _, value in found],
    ]
    bars = axes.barh([name for name, _ in found], middle, xerr=errors, capsize=3)
    axes.bar_label(bars, [f" {value:,.0f}" for value in middle], padding=3)
    # Peers lie orders of magnitude apart: on a plain scale most would have no bar.
    if max(middle) > 30 * min(middle) > 0:
        axes.set_xscale("log")
    axes.set_xlabel(heading(metric))
    axes.set_title(case.name)
    axes.margins(x=0.15)
    _save(figure, results, path)
    plt.close(figure)
    return True


def _save(figure: Figure, results: Results, path: Path) -> None:
    machine = results.machine
    figure.text(
        0.01,
        0.01,
        f"{results.date[:10]}, commit {results.commit or 'unknown'}, {machine.cpu}, "
        f"{machine.cores} cores, {machine.file_system}, Python {machine.python}"
        + (", quick: means nothing" if results.settings.quick else ""),
        fontsize=7,
        color="gray",
    )
    figure.tight_layout(rect=(0, 0.03, 1, 1))
    figure.savefig(path, dpi=120)


def _stem(case: CaseResult, results: Results) -> str:
    return f"{case.name}-{results.date[:10]}-{(results.commit or 'unknown').rstrip('+')}"


def main() -> None:
    """Draw the results of a file."""
    results = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Results)
    for path in draw(results, RESULTS):
        print(path)


if __name__ == "__main__":
    main()
