"""A graph of steps as a picture that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Iterator

from tasker.analysis.diagrams.diagram import Diagram, DiagramStep
from tasker.analysis.diagrams.frame import svg
from tasker.analysis.diagrams.layout import Layout, Route, lay_out
from tasker.analysis.diagrams.palette import SIGNS
from tasker.analysis.diagrams.text import clipped, counted, duration, word, xml

MOST_DRAWN = 5_000
"""Size of the greatest graph that is drawn: its steps, and the levels that its edges cross."""
_BOX = (172.0, 46.0)
_GAP = (52.0, 16.0)
_LONGEST_NAME = 21
_HEAD = 56.0
_MARGIN = 24.0


def can_draw(diagram: Diagram) -> bool:
    """Whether a graph is small enough for a picture."""
    level = {step.name: step.level for step in diagram.steps}
    crossed = sum(level[edge.to] - level[edge.source] for edge in diagram.edges)
    return len(diagram.steps) + crossed <= MOST_DRAWN


def graph_svg(diagram: Diagram) -> str:
    """Return the graph of a definition, or of a task with its states, as SVG.

    Raises:
        ValueError: It is too great for anything to be seen; see `can_draw`.
    """
    if not can_draw(diagram):
        raise ValueError(
            f"{counted(len(diagram.steps), 'step')} with {counted(len(diagram.edges), 'edge')} "
            "are too many for a picture"
        )
    layout = lay_out(diagram, box=_BOX, gap=_GAP)
    heading = f"{diagram.heading}: {counted(len(diagram.steps), 'step')}"
    body = [
        f'<text class="strong" x="{_MARGIN:g}" y="30">{xml(heading)}</text>',
        f'<g transform="translate({_MARGIN:g} {_HEAD:g})">',
        *_edges(layout),
        *(_node(step, layout) for step in diagram.steps),
        "</g>",
        *_legend(diagram, _HEAD + layout.height + 26),
    ]
    return svg(
        body,
        width=max(layout.width + 2 * _MARGIN, 480.0),
        height=_HEAD + layout.height + 48,
        title=heading,
        description=_described(diagram),
    )


def _edges(layout: Layout) -> Iterator[str]:
    # The critical ones last, above the others.
    for route in sorted(layout.routes, key=lambda route: route.critical):
        mark = " critical" if route.critical else ""
        x, y = route.points[-1]
        yield (
            f'<path class="edge{mark}" d="{_curve(route)}"/>'
            f'<path class="arrow{mark}" d="M{x:.1f} {y:.1f}l-9 -4.5v9z"/>'
        )


def _curve(route: Route) -> str:
    points = list(route.points)
    # The arrow's head covers the end.
    points[-1] = (points[-1][0] - 7, points[-1][1])
    x, y = points[0]
    parts = [f"M{x:.1f} {y:.1f}"]
    for number, (to_x, to_y) in enumerate(points[1:]):
        if number % 2:
            parts.append(f"L{to_x:.1f} {to_y:.1f}")
        else:
            middle = (x + to_x) / 2
            parts.append(f"C{middle:.1f} {y:.1f} {middle:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}")
        x, y = to_x, to_y
    return "".join(parts)


def _node(step: DiagramStep, layout: Layout) -> str:
    x, y = layout.centres[step.name]
    left, top = x - _BOX[0] / 2, y - _BOX[1] / 2
    state = step.state or "pending"
    mark = " critical" if step.critical else ""
    name_y = y + 5 if step.state is None else y - 4
    lines = [
        f"<g><title>{xml(_told(step))}</title>",
        f'<rect class="box {state}{mark}" x="{left:.1f}" y="{top:.1f}" '
        f'width="{_BOX[0]:g}" height="{_BOX[1]:g}" rx="6"/>',
        f'<text class="strong" text-anchor="middle" x="{x:.1f}" y="{name_y:.1f}">'
        f"{xml(clipped(step.name, _LONGEST_NAME))}</text>",
    ]
    if step.state is not None:
        lines.append(
            f'<text text-anchor="middle" x="{x:.1f}" y="{y + 14:.1f}">{xml(_state(step))}</text>'
        )
    return "".join([*lines, "</g>"])


def _state(step: DiagramStep) -> str:
    assert step.state is not None
    text = f"{SIGNS[step.state]} {word(step.state)}"
    return text if step.seconds is None else f"{text}, {duration(step.seconds)}"


def _told(step: DiagramStep) -> str:
    parts = [step.name, step.description, f"handler {step.handler}"]
    if step.state is not None:
        parts.append(word(step.state))
    if step.attempts:
        parts.append(counted(step.attempts, "attempt"))
    if step.seconds is not None:
        parts.append(f"{duration(step.seconds)} from ready to its end")
    if step.critical:
        parts.append("on the critical path")
    return ", ".join(part for part in parts if part)


def _legend(diagram: Diagram, y: float) -> Iterator[str]:
    if diagram.critical_path:
        measure = "time" if any(step.seconds for step in diagram.steps) else "steps"
        yield (
            f'<path class="edge critical" d="M{_MARGIN:g} {y - 4:.1f}h28"/>'
            f'<text class="muted" x="{_MARGIN + 36:g}" y="{y:.1f}">'
            f"critical path, the longest by {measure}</text>"
        )


def _described(diagram: Diagram) -> str:
    return f"Critical path: {', '.join(diagram.critical_path)}"
