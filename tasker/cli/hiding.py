"""Hides secrets in what a task holds, before it is shown to whoever looks at the screen."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec

from tasker.task_view import StepView, TaskView
from tasker.telemetry.masking import Masker

Hide = Callable[[Any], Any]


def hidden(value: Any) -> Any:
    """Return a value without what stands under sensitive keys or looks like a secret."""
    return _masker().data(value)


def as_it_is(value: Any) -> Any:
    """Return the value: for ``--unmasked``."""
    return value


def step_without_secrets(step: StepView, hide: Hide) -> StepView:
    """Return a step whose inputs and results can be shown."""
    return msgspec.structs.replace(step, inputs=hide(step.inputs), results=hide(step.results))


def task_without_secrets(view: TaskView, hide: Hide) -> dict[str, Any]:
    """Return a task's fields, as they can be shown."""
    fields = view.to_dict()
    fields["context"] = context = hide(view.context)
    fields["steps"] = [
        msgspec.structs.replace(
            step,
            # Most steps have the task's own context: it is looked through once.
            inputs=context if step.inputs is view.context else hide(step.inputs),
            results=hide(step.results),
        )
        for step in view.steps
    ]
    return fields


@cache
def _masker() -> Masker:
    return Masker()
