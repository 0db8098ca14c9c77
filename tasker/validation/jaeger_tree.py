"""Whether the spans of a workflow hang together as its steps do."""

from __future__ import annotations

from collections.abc import Sequence

from tasker.validation.jaeger_query import JaegerSpan
from tasker.validation.workflows import NAMESPACE, Executed

CLOCK_SLACK = 1_000  # microseconds: Jaeger rounds instants


def root_of(spans: Sequence[JaegerSpan]) -> JaegerSpan | None:
    """Return the one span without a parent, None when there is none, or several."""
    roots = [span for span in spans if span.parent is None]
    return roots[0] if len(roots) == 1 else None


def misplaced(executed: Executed, spans: Sequence[JaegerSpan]) -> list[str]:
    """Return what is wrong with the tree of a workflow's spans, a line each."""
    root = root_of(spans)
    if root is None:
        count = sum(span.parent is None for span in spans)
        return [f"{count} spans have no parent, where the task's should be the only one"]
    wrong = []
    if root.operationName != f"task {NAMESPACE}.{executed.pattern}":
        wrong.append(f"the span without a parent is {root.operationName!r}, not the task's")
    steps = {span.operationName.removeprefix("step "): span for span in spans if span is not root}
    for name, depends_on in executed.steps.items():
        span = steps.get(name)
        if span is None:
            wrong.append(f"step {name} has no span")
            continue
        if span.parent != int(root.spanID, 16):
            wrong.append(f"step {name} is not below its task")
        if span.startTime < root.startTime - CLOCK_SLACK or span.end > root.end + CLOCK_SLACK:
            wrong.append(f"step {name} is not within the time of its task")
        before = [steps[each] for each in depends_on if each in steps]
        if any(span.startTime < each.end - CLOCK_SLACK for each in before):
            wrong.append(f"step {name} began before a step that it depends on had ended")
    return wrong
