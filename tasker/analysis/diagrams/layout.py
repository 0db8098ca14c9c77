"""Where the steps of a graph are drawn: a column for each level, few crossings.

An edge that passes levels bends around what stands there: it is led through a point of
its own in each column between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from msgspec import Struct

from tasker.analysis.diagrams.diagram import Diagram

_SWEEPS = 6
_POINT_HEIGHT = 14.0
"""Room for an edge that passes a column."""

Node = str | tuple[str, str, int]
"""A step, or the point of an edge in a column that it passes."""


class Route(Struct, frozen=True):
    """The points of an edge, from the right side of a step to the left side of another."""

    source: str
    to: str
    points: tuple[tuple[float, float], ...]
    critical: bool


class Layout(Struct, frozen=True, kw_only=True):
    """Centres of steps, and routes of edges, from the top left corner."""

    centres: Mapping[str, tuple[float, float]]
    routes: tuple[Route, ...]
    width: float
    height: float


def lay_out(diagram: Diagram, *, box: tuple[float, float], gap: tuple[float, float]) -> Layout:
    """Return the layout of a diagram.

    Args:
        diagram: What to lay out.
        box: Width and height of a step.
        gap: Between columns, and between the steps of a column.
    """
    columns, chains = _columns(diagram)
    before, after = _neighbours(chains)
    for sweep in range(_SWEEPS):
        forth = sweep % 2 == 0
        _order(columns if forth else columns[::-1], before if forth else after)
    sizes = [
        [(box[1] if isinstance(node, str) else _POINT_HEIGHT) + gap[1] for node in column]
        for column in columns
    ]
    heights = _heights(columns, sizes, before, after)
    pitch = box[0] + gap[0]
    middles = {
        node: (number * pitch + box[0] / 2, heights[node])
        for number, column in enumerate(columns)
        for node in column
    }
    return Layout(
        centres={node: at for node, at in middles.items() if isinstance(node, str)},
        routes=tuple(
            Route(edge.source, edge.to, _points(chain, middles, box[0] / 2), edge.critical)
            for edge, chain in zip(diagram.edges, chains, strict=True)
        ),
        width=max(len(columns) * pitch - gap[0], box[0]),
        height=max(
            (heights[c[-1]] + s[-1] / 2 for c, s in zip(columns, sizes, strict=True)), default=0.0
        ),
    )


def _columns(diagram: Diagram) -> tuple[list[list[Node]], list[list[Node]]]:
    """Return what stands in each column, and the way of each edge."""
    columns: list[list[Node]] = [list(level) for level in diagram.levels]
    level = {step.name: step.level for step in diagram.steps}
    chains: list[list[Node]] = []
    for edge in diagram.edges:
        chain: list[Node] = [edge.source]
        for between in range(level[edge.source] + 1, level[edge.to]):
            point = (edge.source, edge.to, between)
            columns[between].append(point)
            chain.append(point)
        chains.append([*chain, edge.to])
    return columns, chains


def _neighbours(
    chains: Iterable[Sequence[Node]],
) -> tuple[dict[Node, list[Node]], dict[Node, list[Node]]]:
    before: dict[Node, list[Node]] = {}
    after: dict[Node, list[Node]] = {}
    for chain in chains:
        for left, right in pairwise(chain):
            before.setdefault(right, []).append(left)
            after.setdefault(left, []).append(right)
    return before, after


def _order(columns: Sequence[list[Node]], towards: Mapping[Node, Sequence[Node]]) -> None:
    """Order each column by the mean place of what its nodes are joined to in the one before."""
    place: dict[Node, float] = {}
    for column in columns:
        own = {node: float(number) for number, node in enumerate(column)}
        column.sort(key=lambda node: _mean(towards.get(node, ()), place, own[node]))
        place = {node: float(number) for number, node in enumerate(column)}


def _heights(
    columns: Sequence[Sequence[Node]],
    sizes: Sequence[Sequence[float]],
    before: Mapping[Node, Sequence[Node]],
    after: Mapping[Node, Sequence[Node]],
) -> dict[Node, float]:
    """Return the height of each node's middle: near its neighbours, and below the one above."""
    found: dict[Node, float] = {}
    tallest = max((sum(each) for each in sizes), default=0.0)
    for column, size in zip(columns, sizes, strict=True):
        at = (tallest - sum(size)) / 2
        for node, height in zip(column, size, strict=True):
            found[node] = at + height / 2
            at += height
    for sweep in range(_SWEEPS):
        forth = sweep % 2 == 0
        towards = before if forth else after
        pairs = list(zip(columns, sizes, strict=True))
        for column, size in pairs if forth else reversed(pairs):
            wanted = [_mean(towards.get(node, ()), found, found[node]) for node in column]
            found.update(zip(column, _apart(wanted, size), strict=True))
    top = min(
        (found[column[0]] - size[0] / 2 for column, size in zip(columns, sizes, strict=True)),
        default=0.0,
    )
    return {node: height - top for node, height in found.items()}


def _apart(wanted: Sequence[float], sizes: Sequence[float]) -> list[float]:
    """Return the heights nearest to the wanted ones that keep the order and have room for each.

    Without the room that the nodes above it need, each height may not be less than the
    one before it: where it is, both take their mean (pool adjacent violators).
    """
    offsets = [0.0]
    for above, below in pairwise(sizes):
        offsets.append(offsets[-1] + (above + below) / 2)
    pools: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        mean, count = want - offset, 1
        while pools and pools[-1][0] > mean:
            other, more = pools.pop()
            mean = (mean * count + other * more) / (count + more)
            count += more
        pools.append((mean, count))
    fitted = [mean for mean, count in pools for _ in range(count)]
    return [each + offset for each, offset in zip(fitted, offsets, strict=True)]


def _mean(nodes: Sequence[Node], place: Mapping[Node, float], otherwise: float) -> float:
    known = [place[node] for node in nodes if node in place]
    return sum(known) / len(known) if known else otherwise


def _points(
    chain: Sequence[Node], middles: Mapping[Node, tuple[float, float]], half: float
) -> tuple[tuple[float, float], ...]:
    """Return the points of a way: straight through the columns that it passes."""
    points: list[tuple[float, float]] = []
    for node in chain:
        x, y = middles[node]
        if node != chain[0]:
            points.append((x - half, y))
        if node != chain[-1]:
            points.append((x + half, y))
    return tuple(points)
