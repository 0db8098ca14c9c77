"""What was created and came to rest in each slice of the latest hours."""

import pytest

from tasker.errors import InvalidRequestError
from tasker.statistics.activity import ActivityTally
from tasker.stores.records import TaskState
from tasker.stores.times import TaskTimes
from tasker.testing import testing_engine
from tests.engine.support import one_step

HOUR_US = 3_600_000_000
NOW_US = 1_000 * HOUR_US


def task(state, created, ended=None):
    """A task whose instants are told in hours before now."""
    return TaskTimes(
        task_id="t",
        namespace="n",
        name="n",
        version="1.0.0",
        definition_hash="h",
        state=state,
        created_us=round(NOW_US - created * HOUR_US),
        started_us=None,
        ended_us=None if ended is None else round(NOW_US - ended * HOUR_US),
        steps=(),
        failures=(),
    )


def columns(*tasks):
    tally = ActivityTally(hours=4, slices=4, now_us=NOW_US)
    tally.add(tasks)
    found = tally.activity().slices
    return {
        name: [getattr(each, name) for each in found]
        for name in ("created", "completed", "failed", "cancelled")
    }


def test_each_task_counts_where_it_began_and_where_it_ended():
    assert columns(
        task(TaskState.COMPLETE, 3.5, 2.5),
        task(TaskState.RESOLVED_MANUALLY, 3.5, 0.5),
        task(TaskState.ERROR, 2.0, 1.0),
        task(TaskState.CANCELLED, 0.9, 0.1),
        task(TaskState.IN_PROGRESS, 0.5),
    ) == {
        "created": [2, 0, 1, 2],
        "completed": [0, 1, 0, 1],
        "failed": [0, 0, 0, 1],
        "cancelled": [0, 0, 0, 1],
    }


def test_what_is_older_does_not_count_and_what_is_newer_is_of_the_last_slice():
    found = columns(task(TaskState.COMPLETE, 4.1, 0.5), task(TaskState.COMPLETE, -0.1, -0.2))
    assert found["created"] == found["completed"] == [0, 0, 0, 1]


@pytest.mark.parametrize("asked", [{"slices": 0}, {"slices": 1_001}, {"hours": 0.0}])
async def test_what_cannot_be_is_refused(asked):
    async with testing_engine(one_step()) as engine:
        with pytest.raises(InvalidRequestError, match=next(iter(asked))):
            await engine.activity(**asked)
