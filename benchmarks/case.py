"""What a case is: a user's question, who contends, and how one sample is taken."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from benchmarks.stores import store_url

Metrics = dict[str, float]


class Settings(Struct, frozen=True, kw_only=True):
    """What was asked for on the command line.

    ``store`` is None for the stores that the case compares by itself; ``quick``
    asks for numbers too small to mean anything, to see that everything runs.
    """

    store: str | None = None
    quick: bool = False
    uvloop: bool = False
    repeats: int = 5

    def stores(self, *wanted: str) -> tuple[str, ...]:
        """Return the stores to compare: those wanted, or the one that was asked for."""
        return wanted if self.store is None else (self.store,)

    def scaled(self, full: int, quick: int) -> int:
        """Return a size: the full one, or the one to see that everything runs."""
        return quick if self.quick else full


class Contender(Struct, frozen=True, kw_only=True):
    """One of those compared; each sample of it is taken in a process of its own.

    Contenders of one ``series`` with an ``x`` are the points of a curve.
    ``python`` and ``module`` make it run elsewhere: a module run by another
    interpreter, for peers.
    """

    name: str
    store: str | None = None
    series: str | None = None
    x: float | None = None
    options: dict[str, Any] = {}
    python: str | None = None
    module: str | None = None


class Ground(Struct, frozen=True, kw_only=True):
    """Where a sample is taken. ``directory`` is the contender's own, kept over repeats."""

    settings: Settings
    directory: Path
    repeat: int = 0

    def url(self, contender: Contender, name: str = "bench") -> str:
        """Return the URL of the contender's store, its file in the directory."""
        return store_url(contender.store or self.settings.store or "sqlite", self.directory, name)

    def fresh_url(self, contender: Contender) -> str:
        """Return the URL of a store that no other repeat writes to."""
        return self.url(contender, f"bench-{self.repeat}")


class Sample(Struct, frozen=True, kw_only=True):
    """What one process measured. ``facts`` are words: configurations, versions."""

    metrics: Metrics
    facts: dict[str, str] = {}


class Ratio(Struct, frozen=True, kw_only=True):
    """A claim: a metric of one contender over that of another, repeat by repeat.

    ``of`` and ``to`` are (contender, metric); ``to`` may be a plain number, in the
    unit of the metric. ``at_least`` and ``at_most`` are what is aimed at; None where
    nothing is.
    """

    name: str
    of: tuple[str, str]
    to: tuple[str, str] | float
    at_least: float | None = None
    at_most: float | None = None


class Curve(Struct, frozen=True, kw_only=True):
    """A picture: a metric of the contenders with these series, over their x."""

    title: str
    series: tuple[str, ...]
    x_label: str
    metric: str
    y_label: str


Take = Callable[[Contender, Ground], Awaitable[Sample]]


class Case(Struct, frozen=True, kw_only=True):
    """A user's question and how it is answered.

    Attributes:
        question: The docstring of its module.
        contenders: Who contends under given settings, in the order of taking turns.
        sample: Takes one sample, in a process of its own.
        prepare: Called once for each contender before its first sample, in a process
            of its own, for instance to fill its store.
        ratios: What is claimed.
        curves: What is drawn.
        headline: The metric that bars are drawn of.
        on_request: Whether it runs only when it is named.
        repeats: Its own number of repeats, where samples are long.
        sample_seconds: After how long a sample is given up.
        make_ready: Called once in the parent; returns why a contender cannot run.
    """

    question: str
    contenders: Callable[[Settings], Sequence[Contender]]
    sample: Take | None = None
    prepare: Take | None = None
    ratios: Callable[[Settings], Sequence[Ratio]] = lambda settings: ()
    curves: tuple[Curve, ...] = ()
    headline: str | None = None
    on_request: bool = False
    repeats: int | None = None
    sample_seconds: float = 1800.0
    make_ready: Callable[[Contender, Settings], str | None] | None = None
