"""What diagrams are made of: steps, edges, states where there are any."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise

from msgspec import Struct, field

from tasker.analysis.critical_paths import path_by_time
from tasker.analysis.diagrams.text import word
from tasker.analysis.facts import TaskFacts
from tasker.analysis.paths import longest_path
from tasker.analysis.runtime import measured_seconds
from tasker.analysis.shape import Shape
from tasker.analysis.timeline import Timeline, timeline_of
from tasker.definitions.definition import Definition
from tasker.definitions.graph import dependencies_of
from tasker.reading import HistoryEntry
from tasker.task_view import TaskView, shown_state


class DiagramStep(Struct, frozen=True, kw_only=True):
    """A step, drawn as a node.

    ``level`` counts from 0 at the roots. ``state`` is None in a definition; in a task it is
    that of the step, or ``retrying`` while it waits for its next attempt, or ``not_run``
    where the task came to rest before it. ``seconds`` are those from when it was ready to
    its end, or to now; None before it began. ``critical`` marks the critical path.
    """

    name: str
    depends_on: tuple[str, ...]
    level: int
    handler: str
    description: str
    state: str | None
    attempts: int
    seconds: float | None
    critical: bool


class DiagramEdge(Struct, frozen=True, kw_only=True, gc=False):
    """A dependency: ``to`` waits for ``from``. ``critical`` marks the critical path."""

    source: str = field(name="from")
    to: str
    critical: bool


class Diagram(Struct, frozen=True, kw_only=True):
    """A graph to draw.

    ``task_id`` and ``state`` are the task's, None for a definition. ``levels`` holds the
    names of steps by level. ``critical_path`` is the longest by measured time where a task
    has spent any, else by count of steps.
    """

    title: str
    task_id: str | None
    state: str | None
    levels: tuple[tuple[str, ...], ...]
    steps: tuple[DiagramStep, ...]
    edges: tuple[DiagramEdge, ...]
    critical_path: tuple[str, ...]

    @property
    def heading(self) -> str:
        """The title, with the state of a task."""
        return self.title if self.state is None else f"{self.title} {word(self.state)}"


def diagram_of_definition(definition: Definition) -> Diagram:
    """Return the diagram of a definition; ValueError when its steps make no graph."""
    shape = Shape.of(dependencies_of(definition))
    critical = longest_path(shape)
    on_path = set(critical)
    return _diagram(
        title=definition.full_name,
        shape=shape,
        critical=critical,
        steps=[
            DiagramStep(
                name=step.name,
                depends_on=tuple(dict.fromkeys(step.depends_on)),
                level=shape.level[at],
                handler=step.handler,
                description=step.description,
                state=None,
                attempts=0,
                seconds=None,
                critical=at in on_path,
            )
            for at, step in enumerate(definition.steps)
        ],
    )


def diagram_of_task(
    view: TaskView, history: Iterable[HistoryEntry] = (), *, now: datetime
) -> Diagram:
    """Return the diagram of a task as it stands; see `analyze_task` for the arguments."""
    entries = list(history)
    timeline: Timeline | None = timeline_of(view, entries, now) if entries else None
    facts = TaskFacts.of(view.workflow_state, now.timestamp())
    seconds = measured_seconds(facts, timeline)
    shape = facts.shape
    critical = path_by_time(shape, seconds) or longest_path(shape)
    on_path = set(critical)
    return _diagram(
        title=f"{view.namespace}.{view.name}@{view.version}",
        state=view.state,
        task_id=view.task_id,
        shape=shape,
        critical=critical,
        steps=[
            DiagramStep(
                name=step.name,
                depends_on=step.depends_on,
                level=shape.level[at],
                handler=step.handler,
                description=step.description,
                state=shown_state(step, view),
                attempts=step.attempts,
                seconds=seconds[at],
                critical=at in on_path,
            )
            for at, step in enumerate(view.steps)
        ],
    )


def _diagram(
    *,
    title: str,
    shape: Shape,
    critical: Sequence[int],
    steps: Sequence[DiagramStep],
    state: str | None = None,
    task_id: str | None = None,
) -> Diagram:
    marked = set(pairwise(critical))
    return Diagram(
        title=title,
        state=state,
        task_id=task_id,
        levels=tuple(shape.named(level) for level in shape.levels),
        steps=tuple(steps),
        edges=tuple(
            DiagramEdge(
                source=shape.names[parent],
                to=shape.names[at],
                critical=(parent, at) in marked,
            )
            for at, needed in enumerate(shape.parents)
            for parent in needed
        ),
        critical_path=shape.named(critical),
    )


def by_name(diagram: Diagram) -> Mapping[str, DiagramStep]:
    """Return the steps under their names."""
    return {step.name: step for step in diagram.steps}
