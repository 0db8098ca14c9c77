"""Diagrams in the language of Mermaid, which many pages of text understand."""

from __future__ import annotations

import re

import msgspec

from tasker.analysis.diagrams.diagram import Diagram, DiagramStep
from tasker.analysis.diagrams.palette import LIGHT
from tasker.analysis.diagrams.text import printable, word

# Mermaid's own signs, and those of the HTML that its labels become.
_SPECIAL = re.compile(r"[#&<>\"'`\\]")


def as_mermaid(diagram: Diagram) -> str:
    """Return a diagram as a flowchart; the critical path has thick lines."""
    ids = {step.name: f"s{number}" for number, step in enumerate(diagram.steps)}
    # JSON is YAML, in which Mermaid reads what stands before the diagram.
    title = msgspec.json.encode(printable(diagram.heading)).decode()
    lines = ["---", f"title: {title}", "---", "flowchart TD"]
    for step in diagram.steps:
        mark = "" if step.state is None else f":::{step.state}"
        lines.append(f'    {ids[step.name]}["{_label(step)}"]{mark}')
    lines += [
        f"    {ids[edge.source]} {'==>' if edge.critical else '-->'} {ids[edge.to]}"
        for edge in diagram.edges
    ]
    for state in sorted({step.state for step in diagram.steps if step.state is not None}):
        colours = LIGHT.states[state]
        lines.append(
            f"    classDef {state} fill:{colours.fill},stroke:{colours.stroke},color:{LIGHT.text}"
        )
    if critical := [ids[name] for name in diagram.critical_path]:
        lines.append(f"    classDef critical stroke:{LIGHT.critical},stroke-width:3px")
        lines.append(f"    class {','.join(critical)} critical")
    return "\n".join(lines)


def _label(step: DiagramStep) -> str:
    name = escaped(step.name)
    return name if step.state is None else f"{name}<br/>{word(step.state)}"


def escaped(text: str) -> str:
    """Return a text for a quoted label, its special characters as Mermaid's entities."""
    return _SPECIAL.sub(lambda found: f"#{ord(found[0])};", printable(text))
