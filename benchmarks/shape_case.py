"""What the cases of single shapes have in common."""

from __future__ import annotations

from benchmarks.case import Case, Contender, Ground, Ratio, Sample, Settings
from benchmarks.shapes import SHAPES
from benchmarks.stores import NAMES
from benchmarks.throughput import best_throughput, load_metrics


def shape_case(name: str, question: str) -> Case:
    """Return the case of a shape: it on each store, each at the best concurrency for it."""

    def contenders(settings: Settings) -> list[Contender]:
        return [Contender(name=store, store=store) for store in settings.stores(*NAMES)]

    async def sample(contender: Contender, ground: Ground) -> Sample:
        load = await best_throughput(
            ground.fresh_url(contender),
            name,
            SHAPES[name],
            seconds=0.1 if ground.settings.quick else 3.0,
            concurrency=(2,) if ground.settings.quick else _concurrency(name),
        )
        return Sample(metrics=load_metrics(load))

    def ratios(settings: Settings) -> list[Ratio]:
        return [
            Ratio(
                name="strict durability over none",
                of=("sqlite", "steps_per_second"),
                to=("memory", "steps_per_second"),
            ),
            Ratio(
                name="strict durability over relaxed",
                of=("sqlite", "steps_per_second"),
                to=("sqlite-relaxed", "steps_per_second"),
            ),
        ]

    return Case(
        question=question,
        contenders=contenders,
        sample=sample,
        ratios=ratios,
        headline="steps_per_second",
    )


def _concurrency(name: str) -> tuple[int, ...]:
    # A fan-out has a hundred steps at once: as many steps in flight take fewer tasks.
    return (4, 16, 64) if name == "fanout" else (64, 256, 1000)
