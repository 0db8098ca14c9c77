"""Every pair of states: legal, or an error that names both."""

import itertools

import pytest

from tasker.actors.workflow.errors import InvalidTransitionError
from tasker.actors.workflow.states import (
    AT_REST,
    STEP_TRANSITIONS,
    TASK_TRANSITIONS,
    check_step_transition,
    check_task_transition,
)
from tasker.stores.records import StepState, TaskState

TASK_ARROWS = {
    ("pending", "in_progress"),
    ("pending", "paused"),
    ("pending", "cancelled"),
    ("in_progress", "complete"),
    ("in_progress", "error"),
    ("in_progress", "cancelled"),
    ("in_progress", "paused"),
    ("paused", "in_progress"),
    ("paused", "cancelled"),
    ("error", "pending"),
    ("error", "resolved_manually"),
}
STEP_ARROWS = {
    ("pending", "in_progress"),
    ("pending", "cancelled"),
    ("pending", "resolved_manually"),
    ("in_progress", "complete"),
    ("in_progress", "error"),
    ("in_progress", "cancelled"),
    ("error", "pending"),
    ("error", "cancelled"),
    ("error", "resolved_manually"),
}


def test_every_state_has_a_row():
    assert set(TASK_TRANSITIONS) == set(TaskState)
    assert set(STEP_TRANSITIONS) == set(StepState)
    assert {s for s in TaskState if s in ("complete", "error", "cancelled")} | {
        TaskState.RESOLVED_MANUALLY
    } == AT_REST


@pytest.mark.parametrize(("old", "new"), list(itertools.product(TaskState, TaskState)))
def test_task_transition(old: TaskState, new: TaskState):
    if (old, new) in TASK_ARROWS:
        check_task_transition("t-7", old, new)
        return
    with pytest.raises(InvalidTransitionError, match="task t-7") as caught:
        check_task_transition("t-7", old, new)
    assert (caught.value.from_state, caught.value.to_state) == (old, new)
    assert f"{old.value}'" in str(caught.value)
    assert f"{new.value}'" in str(caught.value)


@pytest.mark.parametrize(("old", "new"), list(itertools.product(StepState, StepState)))
def test_step_transition(old: StepState, new: StepState):
    if (old, new) in STEP_ARROWS:
        check_step_transition("pay", old, new)
        return
    with pytest.raises(InvalidTransitionError, match="step pay") as caught:
        check_step_transition("pay", old, new)
    assert (caught.value.from_state, caught.value.to_state) == (old, new)
    assert f"{old.value}'" in str(caught.value)
    assert f"{new.value}'" in str(caught.value)
