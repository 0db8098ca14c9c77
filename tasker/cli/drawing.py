"""A graph of steps as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from tasker.analysis.diagrams.diagram import Diagram, DiagramStep, by_name
from tasker.cli.printing import clean, is_unicode
from tasker.cli.steps import glyph, word


def as_text(diagram: Diagram) -> str:
    """Return a diagram level by level, each step with those that it waits for."""
    arrow = "←" if is_unicode() else "<-"
    steps = by_name(diagram)
    width = max(map(len, steps), default=0)
    lines = [clean(diagram.heading)]
    for number, level in enumerate(diagram.levels, 1):
        lines += [
            f"{mark:>3}  {_line(steps[name], width, arrow)}".rstrip()
            for mark, name in zip(_first(number, level), level, strict=True)
        ]
    return "\n".join(lines)


def _first(number: int, level: Sequence[str]) -> list[str]:
    return [str(number)] + [""] * (len(level) - 1)


def _line(step: DiagramStep, width: int, arrow: str) -> str:
    state = step.state
    sign = "" if state is None else f"{glyph(word(state) if state == 'not_run' else state)} "
    told = "" if state is None else f"{word(state):<12}"
    after = f"{arrow} {', '.join(map(clean, step.depends_on))}" if step.depends_on else ""
    return f"{sign}{clean(step.name):{width}}  {told}{after}"
