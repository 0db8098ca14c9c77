"""Graphs laid out to be drawn, and timelines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import anyio.to_thread
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, Parameter
from msgspec import Struct, field

from tasker.analysis.diagrams.diagram import Diagram, diagram_of_definition, diagram_of_task
from tasker.analysis.diagrams.graph_svg import can_draw
from tasker.analysis.diagrams.layout import Layout, lay_out
from tasker.analysis.timeline import Span, timeline_of
from tasker.reading import HistoryEntry
from tasker.request import instant
from tasker.server.answering import guarded
from tasker.server.routes.handlers import find_handler
from tasker.server.sidecar import Sidecar
from tasker.task_view import TaskView

BOX = (184.0, 48.0)
"""Width and height of a step, in the unit of all coordinates."""
GAP = (56.0, 20.0)


class DrawnStep(Struct, frozen=True, kw_only=True):
    """A step, and where its middle is; see `tasker.analysis.diagrams.diagram.DiagramStep`.

    ``x`` and ``y`` are None where the graph is too great for a picture.
    """

    name: str
    status: str | None
    level: int
    x: float | None
    y: float | None
    attempts: int
    seconds: float | None
    critical: bool


class DrawnEdge(Struct, frozen=True, kw_only=True):
    """A dependency, and the points that its line goes through."""

    source: str = field(name="from")
    to: str
    critical: bool
    points: tuple[tuple[float, float], ...]


class Graph(Struct, frozen=True, kw_only=True):
    """A graph laid out from left to right; ``edges`` is empty where it is too great for that."""

    width: float
    height: float
    box_width: float
    box_height: float
    drawable: bool
    steps: tuple[DrawnStep, ...]
    edges: tuple[DrawnEdge, ...]
    critical_path: tuple[str, ...]

    @classmethod
    def of(cls, diagram: Diagram) -> Graph:
        """Lay a diagram out."""
        drawable = can_draw(diagram)
        layout = (
            lay_out(diagram, box=BOX, gap=GAP)
            if drawable
            else Layout(centres={}, routes=(), width=0.0, height=0.0)
        )
        nowhere = (None, None)
        steps = [(step, *layout.centres.get(step.name, nowhere)) for step in diagram.steps]
        return cls(
            width=layout.width,
            height=layout.height,
            box_width=BOX[0],
            box_height=BOX[1],
            drawable=drawable,
            steps=tuple(
                DrawnStep(
                    name=step.name,
                    status=step.state,
                    level=step.level,
                    x=x,
                    y=y,
                    attempts=step.attempts,
                    seconds=step.seconds,
                    critical=step.critical,
                )
                for step, x, y in steps
            ),
            edges=tuple(
                DrawnEdge(
                    source=route.source, to=route.to, critical=route.critical, points=route.points
                )
                for route in layout.routes
            ),
            critical_path=diagram.critical_path,
        )


class TaskTimeline(Struct, frozen=True, kw_only=True):
    """Where a task's time went, in Unix seconds; see `tasker.analysis.timeline.Timeline`."""

    start: float
    end: float
    now: float
    spans: tuple[Span, ...]
    paused: tuple[tuple[float, float], ...]


class TaskDiagram(Struct, frozen=True, kw_only=True):
    """A task as a graph and as a timeline."""

    task_id: str
    graph: Graph
    timeline: TaskTimeline


class HandlerDiagram(Struct, frozen=True, kw_only=True):
    """A version of a handler as a graph."""

    full_name: str
    graph: Graph


@get(
    "/tasks/{task_id:str}/diagram",
    operation_id="getTaskDiagram",
    tags=["diagrams"],
    summary="A task as a graph and a timeline, to be drawn",
    **guarded("tasker.task:show", 404),
)
async def task_diagram(task_id: FromPath[str], sidecar: NamedDependency[Sidecar]) -> TaskDiagram:
    """Return the graph of a task, laid out, with the states of its steps, and its timeline."""
    view = await sidecar.engine.get(task_id)
    history = await sidecar.engine.history(task_id)
    now = sidecar.engine.live().at
    # A large graph takes a moment.
    return await anyio.to_thread.run_sync(_task_diagram, view, history, now)


@get(
    "/handlers/{namespace:str}/{name:str}/diagram",
    operation_id="getHandlerDiagram",
    tags=["diagrams"],
    summary="A handler as a graph, to be drawn",
    **guarded("tasker.handler:show", 404, 422),
)
async def handler_diagram(
    namespace: FromPath[str],
    name: FromPath[str],
    sidecar: NamedDependency[Sidecar],
    version: FromQuery[Annotated[str | None, Parameter(max_length=255, required=False)]] = None,
) -> HandlerDiagram:
    """Return the graph of a version of a handler, laid out; `latest` unless one is named."""
    definition = find_handler(sidecar, namespace, name, version).definition
    graph = await anyio.to_thread.run_sync(lambda: Graph.of(diagram_of_definition(definition)))
    return HandlerDiagram(full_name=definition.full_name, graph=graph)


def _task_diagram(view: TaskView, history: Sequence[HistoryEntry], now: float) -> TaskDiagram:
    present = instant(now)
    assert present is not None
    timeline = timeline_of(view, history, present)
    return TaskDiagram(
        task_id=view.task_id,
        graph=Graph.of(diagram_of_task(view, history, now=present)),
        timeline=TaskTimeline(
            start=timeline.start,
            end=timeline.end,
            now=now,
            spans=timeline.spans,
            paused=timeline.paused,
        ),
    )


ROUTES = (task_diagram, handler_diagram)
