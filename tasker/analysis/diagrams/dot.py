"""Diagrams in the language of Graphviz."""

from __future__ import annotations

from tasker.analysis.diagrams.diagram import Diagram, DiagramStep
from tasker.analysis.diagrams.palette import LIGHT
from tasker.analysis.diagrams.text import duration, printable, word

_LINE = "#6e7781"  # seen on light and dark grounds alike


def as_dot(diagram: Diagram) -> str:
    """Return a diagram as a digraph; the critical path has thick lines."""
    lines = [
        "digraph tasker {",
        '  graph [rankdir=TB, bgcolor="transparent", labelloc=t, '
        f'label={quoted(diagram.heading)}, fontname="Helvetica", fontcolor="{_LINE}"];',
        '  node [shape=box, style="rounded,filled", fontname="Helvetica", '
        f'fillcolor="{LIGHT.states["pending"].fill}", color="{_LINE}", '
        f'fontcolor="{LIGHT.text}"];',
        f'  edge [color="{_LINE}"];',
    ]
    lines += [f"  {quoted(step.name)} [{_attributes(step)}];" for step in diagram.steps]
    for edge in diagram.edges:
        mark = f' [color="{LIGHT.critical}", penwidth=2.5]' if edge.critical else ""
        lines.append(f"  {quoted(edge.source)} -> {quoted(edge.to)}{mark};")
    return "\n".join([*lines, "}"])


def quoted(text: str) -> str:
    """Return a text as a string of Graphviz, in which nothing but text is left."""
    escaped = printable(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _attributes(step: DiagramStep) -> str:
    told = [printable(step.name)]
    parts = [f"tooltip={quoted(step.description or step.name)}"]
    if step.state is not None:
        spent = "" if step.seconds is None else f", {duration(step.seconds)}"
        told.append(f"{word(step.state)}{spent}")
        parts.append(f'fillcolor="{LIGHT.states[step.state].fill}"')
    if step.critical:
        parts.append(f'color="{LIGHT.critical}", penwidth=2.5')
    elif step.state is not None:
        parts.append(f'color="{LIGHT.states[step.state].stroke}"')
    # The two characters \n part the lines of a label; each line is quoted by itself.
    label = "\\n".join(quoted(each)[1:-1] for each in told)
    return ", ".join([f'label="{label}"', *parts])
