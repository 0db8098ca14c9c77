"""What came out, in a form to keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from benchmarks.case import Case, Contender, Curve, Ratio, Sample, Settings
from tasker.bench.distribution import Summary, summary
from tasker.bench.machine import Machine


class ContenderResult(Struct, frozen=True, kw_only=True):
    """A contender's metrics over the repeats; ``failed`` says why there are none, or fewer."""

    name: str
    series: str | None
    x: float | None
    metrics: dict[str, Summary]
    facts: dict[str, str]
    failed: str | None


class RatioResult(Struct, frozen=True, kw_only=True):
    """A ratio of each repeat, and whether its median is what is aimed at (None: nothing is)."""

    name: str
    value: Summary
    at_least: float | None
    at_most: float | None
    holds: bool | None


class CaseResult(Struct, frozen=True, kw_only=True):
    """The answer to a case's question."""

    name: str
    question: str
    seconds: float
    contenders: list[ContenderResult]
    ratios: list[RatioResult]
    curves: list[Curve]
    headline: str | None


class Results(Struct, frozen=True, kw_only=True):
    """One run of the benchmarks. ``date`` is ISO 8601, UTC."""

    date: str
    commit: str | None
    machine: Machine
    settings: Settings
    cases: list[CaseResult]


def case_result(
    name: str,
    case: Case,
    settings: Settings,
    *,
    contenders: Sequence[Contender],
    samples: Mapping[str, Mapping[int, Sample]],
    failures: Mapping[str, str],
    seconds: float,
) -> CaseResult:
    """Return the result of a case from its samples, by contender and repeat."""
    ratios = (ratio_result(ratio, samples) for ratio in case.ratios(settings))
    return CaseResult(
        name=name,
        question=case.question.strip(),
        seconds=seconds,
        contenders=[
            _contender_result(each, samples[each.name], failures.get(each.name))
            for each in contenders
        ],
        ratios=[ratio for ratio in ratios if ratio is not None],
        curves=list(case.curves),
        headline=case.headline,
    )


def ratio_result(ratio: Ratio, samples: Mapping[str, Mapping[int, Sample]]) -> RatioResult | None:
    """Return a ratio over the repeats that both have, None when there are none.

    Each repeat gives a ratio of its own: the two were measured one after the
    other, so that what disturbed one most likely disturbed the other.
    """
    of, to = _by_repeat(ratio.of, samples), ratio.to
    if isinstance(to, tuple):
        base = _by_repeat(to, samples)
        values = [of[repeat] / base[repeat] for repeat in of if base.get(repeat)]
    else:
        values = [value / to for value in of.values()]
    if not values:
        return None
    value = summary(values)
    holds = None
    if ratio.at_least is not None or ratio.at_most is not None:
        holds = (ratio.at_least is None or value.median >= ratio.at_least) and (
            ratio.at_most is None or value.median <= ratio.at_most
        )
    return RatioResult(
        name=ratio.name,
        value=value,
        at_least=ratio.at_least,
        at_most=ratio.at_most,
        holds=holds,
    )


def _by_repeat(
    which: tuple[str, str], samples: Mapping[str, Mapping[int, Sample]]
) -> dict[int, float]:
    contender, metric = which
    taken = samples.get(contender, {})
    return {
        repeat: taken[repeat].metrics[metric]
        for repeat in sorted(taken)
        if metric in taken[repeat].metrics
    }


def _contender_result(
    contender: Contender, samples: Mapping[int, Sample], failed: str | None
) -> ContenderResult:
    taken = list(samples.values())
    names = dict.fromkeys(name for sample in taken for name in sample.metrics)
    return ContenderResult(
        name=contender.name,
        series=contender.series,
        x=contender.x,
        metrics={
            name: summary([each.metrics[name] for each in taken if name in each.metrics])
            for name in names
        },
        facts=taken[-1].facts if taken else {},
        failed=failed,
    )
