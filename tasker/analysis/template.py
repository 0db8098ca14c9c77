"""The analysis of a definition: what its graph alone says."""

from __future__ import annotations

import math
from collections.abc import Mapping

from msgspec import Struct, field

from tasker.analysis.antichain import widest
from tasker.analysis.config import DEFAULTS, AnalysisConfig
from tasker.analysis.critical_paths import CriticalPath
from tasker.analysis.paths import count_paths, longest_path
from tasker.analysis.shape import Shape
from tasker.definitions.definition import Definition
from tasker.definitions.graph import Dependencies, dependencies_of, find_cycle


class TemplateNode(Struct, frozen=True, kw_only=True):
    """A step of a definition."""

    name: str
    description: str
    handler: str
    dependencies: tuple[str, ...]
    dependency_count: int


class TemplateEdge(Struct, frozen=True, kw_only=True, gc=False):
    """A dependency: ``to`` waits for ``from``; ``type`` is single where for nothing else."""

    source: str = field(name="from")
    to: str
    type: str


class TemplateSummary(Struct, frozen=True, kw_only=True):
    """A definition in a few figures.

    Attributes:
        total_steps: All steps.
        total_dependencies: All edges.
        has_cycles: Whether it can run at all.
        max_depth: The greatest level; 0 for roots alone.
        parallel_branches: The most steps on one level; 1 for none.
        widest_parallel_steps: The most steps of which none depends on another.
        total_paths: Paths from a root to a leaf; 10**15 stands for that many or more.
        estimated_seconds: What the longest path is taken to need.
        speedup: Seconds of all steps together over those: how much faster it can be than
            one step after another, two decimals.
    """

    total_steps: int
    total_dependencies: int
    has_cycles: bool
    max_depth: int
    parallel_branches: int
    widest_parallel_steps: int
    total_paths: int
    estimated_seconds: float
    speedup: float


class TemplateAnalysis(Struct, frozen=True, kw_only=True):
    """What the graph of a definition says.

    ``topology`` is an order in which the steps can run, ``levels`` each step's longest
    distance from a root; both are empty where there is a cycle, as are the paths.
    ``cycles`` are closed by their first step, and share no step. The paths are the
    longest by count of steps, and by seconds.
    """

    definition: str
    nodes: tuple[TemplateNode, ...]
    edges: tuple[TemplateEdge, ...]
    topology: tuple[str, ...]
    cycles: tuple[tuple[str, ...], ...]
    levels: dict[str, int]
    roots: tuple[str, ...]
    leaves: tuple[str, ...]
    critical_path: CriticalPath
    critical_path_by_time: CriticalPath
    summary: TemplateSummary


def analyze_definition(
    definition: Definition,
    *,
    config: AnalysisConfig = DEFAULTS,
    durations: Mapping[str, float] | None = None,
) -> TemplateAnalysis:
    """Return the analysis of a definition.

    Args:
        definition: What to look at; one with cycles, too.
        config: The weights, of which ``base_step_seconds`` counts here.
        durations: Seconds of steps that are known, for instance measured ones; the others
            are taken to need ``base_step_seconds``.

    Raises:
        ValueError: A step depends on a name that is no step.
    """
    dependencies = dependencies_of(definition)
    cycles = find_cycles(dependencies)
    shape = Shape.of({} if cycles else dependencies)
    known = durations or {}
    seconds = [known.get(name, config.duration_estimates.base_step_seconds) for name in shape.names]
    by_count, by_time = longest_path(shape), longest_path(shape, seconds)
    estimated = math.fsum(seconds[at] for at in by_time)
    needed_by_any = {each for needed in dependencies.values() for each in needed}
    return TemplateAnalysis(
        definition=definition.full_name,
        nodes=_nodes(definition),
        edges=template_edges(dependencies),
        topology=shape.named(shape.order),
        cycles=cycles,
        levels=dict(zip(shape.names, shape.level, strict=True)),
        roots=tuple(name for name, needed in dependencies.items() if not needed),
        leaves=tuple(name for name in dependencies if name not in needed_by_any),
        critical_path=CriticalPath(steps=shape.named(by_count), total=float(len(by_count))),
        critical_path_by_time=CriticalPath(steps=shape.named(by_time), total=estimated),
        summary=TemplateSummary(
            total_steps=len(dependencies),
            total_dependencies=sum(len(set(needed)) for needed in dependencies.values()),
            has_cycles=bool(cycles),
            max_depth=max(shape.level, default=0),
            parallel_branches=max(map(len, shape.levels), default=1),
            widest_parallel_steps=len(widest(shape)),
            total_paths=count_paths(shape),
            estimated_seconds=estimated,
            speedup=round(sum(seconds) / estimated, 2) if estimated else 1.0,
        ),
    )


def find_cycles(dependencies: Dependencies) -> tuple[tuple[str, ...], ...]:
    """Return cycles that share no step, along the dependencies; none where there is none."""
    left = dict(dependencies)
    found: list[tuple[str, ...]] = []
    while cycle := find_cycle(left):
        found.append(cycle)
        left = {name: needed for name, needed in left.items() if name not in cycle}
    return tuple(found)


def _nodes(definition: Definition) -> tuple[TemplateNode, ...]:
    return tuple(
        TemplateNode(
            name=step.name,
            description=step.description,
            handler=step.handler,
            dependencies=step.depends_on,
            dependency_count=len(set(step.depends_on)),
        )
        for step in definition.steps
    )


def template_edges(dependencies: Dependencies) -> tuple[TemplateEdge, ...]:
    """Return the edges of a graph, each once."""
    return tuple(
        TemplateEdge(source=each, to=name, type="single" if len(needed) == 1 else "multiple")
        for name, listed in dependencies.items()
        for needed in (dict.fromkeys(listed),)
        for each in needed
    )
