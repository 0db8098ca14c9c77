"""A page with the pictures of a definition or a task, in one file, without any script."""

from __future__ import annotations

from collections.abc import Iterator

from tasker.analysis.diagrams.diagram import Diagram, DiagramStep
from tasker.analysis.diagrams.graph_svg import can_draw, graph_svg
from tasker.analysis.diagrams.palette import DARK, FONT, LIGHT, SIGNS, Theme
from tasker.analysis.diagrams.text import counted, duration, word, xml
from tasker.analysis.diagrams.timeline_svg import timeline_svg
from tasker.analysis.timeline import Timeline

# Nothing is loaded and nothing runs, whatever a name should smuggle in.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def as_html(diagram: Diagram, timeline: Timeline | None = None) -> str:
    """Return a page: the graph, the timeline of a task, and a table of the steps."""
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            '<head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{xml(diagram.heading)}</title>",
            f"<style>{_page_style()}</style></head>",
            f"<body><h1>{xml(diagram.heading)}</h1>",
            f"<p>{xml(_first_line(diagram))}</p>",
            *_graph(diagram),
            *_timeline(diagram, timeline),
            *_table(diagram),
            "</body></html>",
        ]
    )


def _first_line(diagram: Diagram) -> str:
    told = [
        counted(len(diagram.steps), "step"),
        counted(len(diagram.edges), "dependency").replace("dependencys", "dependencies"),
        counted(len(diagram.levels), "level"),
    ]
    line = ", ".join(told)
    return line if diagram.task_id is None else f"Task {diagram.task_id}: {line}"


def _graph(diagram: Diagram) -> Iterator[str]:
    yield "<h2>Graph</h2>"
    if can_draw(diagram):
        yield f"<figure>{graph_svg(diagram)}</figure>"
    else:
        yield "<p>There are too many steps and dependencies for a picture.</p>"
    if diagram.critical_path:
        path = " → ".join(map(xml, diagram.critical_path))
        yield f"<p><strong>Critical path</strong>: {path}</p>"


def _timeline(diagram: Diagram, timeline: Timeline | None) -> Iterator[str]:
    if timeline is not None:
        yield "<h2>Timeline</h2>"
        yield f"<figure>{timeline_svg(diagram, timeline)}</figure>"


def _table(diagram: Diagram) -> Iterator[str]:
    of_task = diagram.state is not None
    heads = ["level", "step", *(["state", "attempts", "time"] if of_task else []), "waits for"]
    yield "<h2>Steps</h2><figure><table><thead><tr>"
    yield "".join(f'<th scope="col">{head}</th>' for head in [*heads, "handler"])
    yield "</tr></thead><tbody>"
    for step in sorted(diagram.steps, key=lambda step: step.level):
        cells = [str(step.level), xml(step.name)]
        cells += _task_cells(step) if of_task else []
        cells += [xml(", ".join(step.depends_on)), xml(step.handler)]
        mark = ' class="critical"' if step.critical else ""
        yield f"<tr{mark}>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
    yield "</tbody></table></figure>"


def _task_cells(step: DiagramStep) -> list[str]:
    state = step.state or "pending"
    spent = "" if step.seconds is None else duration(step.seconds)
    return [f"{SIGNS[state]}\N{NO-BREAK SPACE}{word(state)}", str(step.attempts or ""), spent]


def _page_style() -> str:
    return (
        f"body{{font:15px/1.5 {FONT};margin:24px}}h1{{font-size:22px}}h2{{font-size:17px}}"
        "figure{margin:0;overflow-x:auto}table{border-collapse:collapse}"
        "th,td{text-align:left;padding:4px 16px 4px 0;vertical-align:top}"
        f"tr.critical td:first-child{{border-left:4px solid}}td:first-child{{padding-left:8px}}"
        f"{_colours(LIGHT)}@media (prefers-color-scheme:dark){{{_colours(DARK)}}}"
    )


def _colours(theme: Theme) -> str:
    return (
        f"body{{background:{theme.background};color:{theme.text}}}"
        f"th,td{{border-bottom:1px solid {theme.faint}}}th{{color:{theme.muted}}}"
        f"tr.critical td:first-child{{border-left-color:{theme.critical}}}"
    )
