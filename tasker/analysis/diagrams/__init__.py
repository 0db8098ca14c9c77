"""Graphs and timelines as text and as pictures."""

from tasker.analysis.diagrams.diagram import (
    Diagram,
    DiagramEdge,
    DiagramStep,
    diagram_of_definition,
    diagram_of_task,
)
from tasker.analysis.diagrams.dot import as_dot
from tasker.analysis.diagrams.graph_svg import graph_svg
from tasker.analysis.diagrams.mermaid import as_mermaid
from tasker.analysis.diagrams.page import as_html
from tasker.analysis.diagrams.timeline_svg import timeline_svg

__all__ = [
    "Diagram",
    "DiagramEdge",
    "DiagramStep",
    "as_dot",
    "as_html",
    "as_mermaid",
    "diagram_of_definition",
    "diagram_of_task",
    "graph_svg",
    "timeline_svg",
]
