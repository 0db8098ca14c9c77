"""Where the time of a task went, as a picture: a row for each step, bars for what it did."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from tasker.analysis.diagrams.diagram import Diagram, DiagramStep, by_name
from tasker.analysis.diagrams.frame import svg
from tasker.analysis.diagrams.palette import SIGNS
from tasker.analysis.diagrams.text import clipped, counted, duration, word, xml
from tasker.analysis.timeline import Span, SpanKind, Timeline

_LABELS = 220.0
_BARS = 720.0
_TOTALS = 190.0
_ROW = 26.0
_BAR = 16.0
_TOP = 96.0
_MARGIN = 20.0
_LEAST_BAR = 2.0
_LONGEST_NAME = 26
_LONGEST_NOTE = 300
_MOST_TICKS = 8
_LEGEND = (
    ("complete", "ran, complete"),
    ("error", "ran, failed"),
    ("in_progress", "runs"),
    ("cancelled", "ran, cancelled"),
    ("queued", "ready, waiting to start"),
    ("backoff", "backoff"),
)
_NICE_SECONDS = (
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800),
    *(3_600, 7_200, 14_400, 21_600, 43_200, 86_400),
)


def timeline_svg(diagram: Diagram, timeline: Timeline) -> str:
    """Return the timeline of a task as SVG; ``diagram`` is that of the same task."""
    steps = _rows(diagram, timeline)
    total = timeline.end - timeline.start
    scale = _BARS / total if total > 0 else 0.0
    height = _TOP + _ROW * len(steps)
    heading = f"{diagram.heading} after {duration(total)}"
    body = [
        f'<text class="strong" x="{_MARGIN:g}" y="28">{xml(heading)}</text>',
        *_legend(),
        *_axis(total, scale, height),
        *_pauses(timeline, scale, height),
    ]
    for number, step in enumerate(steps):
        spans = timeline.by_step.get(step.name, ())
        body += _row(step, spans, _TOP + _ROW * number, timeline.start, scale)
    return svg(
        body,
        width=_MARGIN + _LABELS + _BARS + _TOTALS,
        height=height + 16,
        title=heading,
        description="; ".join(_in_words(step, timeline) for step in steps),
    )


def ticks(total: float) -> list[float]:
    """Return round instants, in seconds from 0, that part a length of time: eight at most."""
    if total <= 0:
        return [0.0]
    least = total / _MOST_TICKS
    if least <= 1:
        power = 10.0 ** math.floor(math.log10(least))
        pitch = next(power * each for each in (1, 2, 5, 10) if power * each >= least * 0.999)
    else:
        pitch = next((each for each in _NICE_SECONDS if each >= least), 0.0)
        pitch = pitch or math.ceil(least / 86_400) * 86_400.0
    return [number * pitch for number in range(math.floor(total / pitch * 1.000_001) + 1)]


def _rows(diagram: Diagram, timeline: Timeline) -> list[DiagramStep]:
    """Return the steps in the order of their beginning, those that have not begun last."""
    steps = by_name(diagram)
    begun = [steps[name] for name in timeline.by_step]
    return begun + [step for step in diagram.steps if step.name not in timeline.by_step]


def _row(
    step: DiagramStep, spans: Sequence[Span], top: float, start: float, scale: float
) -> Iterator[str]:
    state = step.state or "pending"
    if step.critical:
        yield (
            f'<rect class="band critical" x="{_MARGIN - 10:g}" y="{top + 4:g}" width="4" '
            f'height="{_ROW - 8:g}"><title>on the critical path</title></rect>'
        )
    yield (
        f"<text{' class=' + chr(34) + 'strong' + chr(34) if step.critical else ''} "
        f'x="{_MARGIN:g}" y="{top + 18:g}">{SIGNS[state]} '
        f"{xml(clipped(step.name, _LONGEST_NAME))}"
        f"<title>{xml(step.name)}: {word(state)}</title></text>"
    )
    for span in spans:
        yield _bar(span, top + (_ROW - _BAR) / 2, start, scale)
    yield (
        f'<text class="muted" x="{_MARGIN + _LABELS + _BARS + 12:g}" y="{top + 18:g}">'
        f"{xml(_total(step, spans))}</text>"
    )


def _bar(span: Span, top: float, start: float, scale: float) -> str:
    left = _MARGIN + _LABELS + (span.start - start) * scale
    width = max(span.seconds * scale, _LEAST_BAR)
    kind = _look(span)
    thin = 0.0 if span.kind is SpanKind.RUNNING else 4.0
    drawn = (
        f'<rect class="bar {kind}" x="{left:.2f}" y="{top + thin:g}" width="{width:.2f}" '
        f'height="{_BAR - 2 * thin:g}" rx="2"><title>{xml(_span_in_words(span))}</title></rect>'
    )
    if span.kind is SpanKind.RUNNING and width >= 22:
        sign = SIGNS[kind] if span.attempt == 1 else f"{SIGNS[kind]} {span.attempt}"
        drawn += f'<text class="on-bar" x="{left + 5:.2f}" y="{top + 12:g}">{sign}</text>'
    return drawn


def _look(span: Span) -> str:
    if span.kind is not SpanKind.RUNNING:
        return span.kind.value
    # An attempt that its task did not wait for, as at the end of its time, has no outcome.
    return "in_progress" if span.open else (span.outcome or "cancelled")


def _span_in_words(span: Span) -> str:
    told = {
        SpanKind.QUEUED: f"attempt {span.attempt} waited to start",
        SpanKind.RUNNING: f"attempt {span.attempt} ran",
        SpanKind.BACKOFF: f"backoff after attempt {span.attempt}",
    }[span.kind]
    text = f"{span.step}: {told}, {duration(span.seconds)}"
    if span.outcome is not None:
        text += f", {word(span.outcome)}"
    if span.open:
        text += " so far"
    return f"{text}: {clipped(span.note, _LONGEST_NOTE)}" if span.note else text


def _total(step: DiagramStep, spans: Sequence[Span]) -> str:
    if not spans:
        return word(step.state or "pending")
    ran = math.fsum(span.seconds for span in spans if span.kind is SpanKind.RUNNING)
    tries = f", {counted(step.attempts, 'attempt')}" if step.attempts > 1 else ""
    return f"ran {duration(ran)}{tries}"


def _in_words(step: DiagramStep, timeline: Timeline) -> str:
    spans = timeline.by_step.get(step.name, ())
    mark = ", on the critical path" if step.critical else ""
    return f"{step.name}: {word(step.state or 'pending')}, {_total(step, spans)}{mark}"


def _axis(total: float, scale: float, height: float) -> Iterator[str]:
    for at in ticks(total):
        x = _MARGIN + _LABELS + at * scale
        yield (
            f'<path class="grid" d="M{x:.1f} {_TOP - 10:g}V{height:g}"/>'
            f'<text class="muted" text-anchor="middle" x="{x:.1f}" y="{_TOP - 16:g}">'
            f"{duration(at)}</text>"
        )


def _pauses(timeline: Timeline, scale: float, height: float) -> Iterator[str]:
    for start, end in timeline.paused:
        x = _MARGIN + _LABELS + (start - timeline.start) * scale
        yield (
            f'<rect class="pause" x="{x:.1f}" y="{_TOP - 10:g}" '
            f'width="{max((end - start) * scale, 1):.1f}" height="{height - _TOP + 10:g}">'
            f"<title>paused for {duration(end - start)}</title></rect>"
        )


def _legend() -> Iterator[str]:
    x = _MARGIN
    for kind, words in _LEGEND:
        yield (
            f'<rect class="bar {kind}" x="{x:g}" y="44" width="14" height="12" rx="2"/>'
            f'<text class="muted" x="{x + 20:g}" y="54">{words}</text>'
        )
        x += 44 + 6.4 * len(words)
    yield (
        f'<rect class="band critical" x="{x:g}" y="43" width="4" height="14"/>'
        f'<text class="muted" x="{x + 11:g}" y="54">critical path</text>'
    )
