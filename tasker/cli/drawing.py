"""A graph of steps, as Mermaid or as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from tasker.cli.printing import clean, is_unicode
from tasker.cli.steps import glyph, look, word
from tasker.definitions.definition import Definition
from tasker.definitions.graph import build_graph
from tasker.task_view import TaskView

_MERMAID_COLOURS = {
    "in_progress": "fill:#cfe8ff,stroke:#1f6feb,color:#000",
    "retrying": "fill:#fff3c4,stroke:#b58900,color:#000",
    "complete": "fill:#d3f5d8,stroke:#1a7f37,color:#000",
    "error": "fill:#ffd7d5,stroke:#cf222e,color:#000",
    "cancelled": "fill:#eeeeee,stroke:#8c6d1f,color:#000",
    "resolved_manually": "fill:#ecd8ff,stroke:#8250df,color:#000",
}


class Picture(Struct, frozen=True, kw_only=True):
    """What is drawn: steps with those that each waits for, and states where there are any."""

    title: str
    depends_on: dict[str, tuple[str, ...]]
    states: dict[str, str] = {}


def picture_of_definition(definition: Definition) -> Picture:
    """Return the picture of a definition."""
    return Picture(
        title=definition.full_name,
        depends_on={step.name: step.depends_on for step in definition.steps},
    )


def picture_of_task(view: TaskView) -> Picture:
    """Return the picture of a task, with the states of its steps."""
    return Picture(
        title=f"{view.namespace}.{view.name}@{view.version} {word(view.state)}",
        depends_on={step.name: step.depends_on for step in view.steps},
        states={step.name: look(step, view) for step in view.steps},
    )


def as_mermaid(picture: Picture) -> str:
    """Return the picture in the language of Mermaid."""
    ids = {name: f"s{index}" for index, name in enumerate(picture.depends_on)}
    lines = ["---", f"title: {_quoted(picture.title)}", "---", "flowchart TD"]
    for name, id in ids.items():
        state = picture.states.get(name)
        label = name if state is None else f"{name}<br/>{word(state)}"
        lines.append(f"    {id}[{_quoted(label)}]{_style_class(state)}")
    for name, needed in picture.depends_on.items():
        lines += [f"    {ids[each]} --> {ids[name]}" for each in needed]
    used = {state for state in picture.states.values() if state in _MERMAID_COLOURS}
    lines += [f"    classDef {state} {_MERMAID_COLOURS[state]}" for state in sorted(used)]
    return "\n".join(lines)


def as_text(picture: Picture) -> str:
    """Return the picture level by level, each step with those that it waits for."""
    graph = build_graph(picture.depends_on)
    arrow = "←" if is_unicode() else "<-"
    width = max(map(len, picture.depends_on), default=0)
    lines = [clean(picture.title)]
    for number, level in enumerate(graph.levels, 1):
        lines += [
            f"{mark:>3}  {_text_line(picture, name, width, arrow)}".rstrip()
            for mark, name in zip(_first(number, level), level, strict=True)
        ]
    return "\n".join(lines)


def as_json(picture: Picture) -> Mapping[str, object]:
    """Return ``title``, ``levels``, and ``steps`` with name, depends_on and state."""
    return {
        "title": picture.title,
        "levels": build_graph(picture.depends_on).levels,
        "steps": [
            {"name": name, "depends_on": needed, "state": picture.states.get(name)}
            for name, needed in picture.depends_on.items()
        ],
    }


def _first(number: int, level: Sequence[str]) -> list[str]:
    return [str(number)] + [""] * (len(level) - 1)


def _text_line(picture: Picture, name: str, width: int, arrow: str) -> str:
    state = picture.states.get(name)
    sign = "" if state is None else f"{glyph(state)} "
    told = "" if state is None else f"{word(state):<12}"
    needed = picture.depends_on[name]
    after = f"{arrow} {', '.join(map(clean, needed))}" if needed else ""
    return f"{sign}{clean(name):{width}}  {told}{after}"


def _style_class(state: str | None) -> str:
    return f":::{state}" if state in _MERMAID_COLOURS else ""


def _quoted(text: str) -> str:
    # Mermaid takes entities where a string would end.
    escaped = clean(text).replace("&", "&amp;").replace('"', "&quot;")
    return f'"{escaped}"'
