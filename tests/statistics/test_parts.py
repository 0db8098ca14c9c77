"""The parts: percentiles, the slowest, what is laid to whom."""

import math
import random

import pytest

from tasker.ids import IdFactory, first_id_at
from tasker.statistics.blocking import Dependencies, Ends, waits
from tasker.statistics.durations import Durations
from tasker.statistics.slowest import Slowest
from tasker.statistics.tally import length
from tasker.stores import StepState, StepTimes, TaskState, TaskTimes
from tasker.testing import ManualClock

S = 1_000_000


def of(values):
    found = Durations()
    for value in values:
        found.add(value)
        found.settle(at_least=7)
    return found


def test_percentiles_are_values_that_were_measured():
    told = of(n * S for n in (4, 1, 3, 2)).distribution()
    assert (told.p50_seconds, told.p95_seconds, told.max_seconds) == (2.0, 4.0, 4.0)
    assert (told.count, told.total_seconds, told.mean_seconds) == (4, 10.0, 2.5)
    hundred = of(n * S for n in range(1, 101)).distribution()
    assert (hundred.p50_seconds, hundred.p95_seconds, hundred.p99_seconds) == (50.0, 95.0, 99.0)
    one = of([7]).distribution()
    assert one.p50_seconds == one.p99_seconds == one.max_seconds == 7e-6


def test_nothing_measured_has_no_percentiles():
    told = Durations().distribution()
    assert (told.count, told.total_seconds) == (0, 0.0)
    assert told.mean_seconds is told.p50_seconds is told.p99_seconds is told.max_seconds is None


def test_a_clock_that_was_set_back_gives_no_length():
    assert length(10, 7) == 0


@pytest.mark.parametrize("seed", range(10))
def test_percentiles_of_many_runs(seed):
    chance = random.Random(seed)
    parts = [
        [chance.choice([0, chance.randrange(50), chance.randrange(10**13)]) for _ in range(count)]
        for count in (chance.randrange(100), 0, 1, chance.randrange(40))
    ]
    ordered = sorted(value for part in parts for value in part)
    told = Durations.joined([of(part) for part in parts]).distribution()
    for percent, found in [(50, told.p50_seconds), (95, told.p95_seconds), (99, told.p99_seconds)]:
        assert found == ordered[math.ceil(len(ordered) * percent / 100) - 1] / S
    assert told.count == len(ordered)
    assert told.total_seconds == sum(ordered) / S


def test_joining_leaves_the_parts_as_they_were():
    part = of([1, 2])
    whole = Durations.joined([part, part])
    part.add(3)
    assert whole.distribution().count == 4
    assert part.distribution().count == 3


def test_buckets_hold_what_is_up_to_their_bound():
    told = of([S, S + 1, 10 * S, 11 * S, 99 * S]).buckets([1.0, 10.0])
    assert [(each.at_most_seconds, each.count) for each in told] == [(1.0, 1), (10.0, 2), (None, 2)]


def test_the_slowest_of_many():
    chance = random.Random(1)
    items = [(chance.randrange(20), f"t{number:03}") for number in range(200)]
    slowest: Slowest[tuple[int, str]] = Slowest(7)
    for value, name in items:
        if value >= slowest.floor:
            slowest.offer(value, name, (value, name))
    assert slowest.items() == sorted(items, key=lambda item: (-item[0], item[1]))[:7]


def task(*steps: StepTimes, started: int | None = 0) -> TaskTimes:
    return TaskTimes(
        "t1", "n", "t", "1", "h", TaskState.COMPLETE, 0, started, None, steps, failures=()
    )


def done(name: str, ended: int | None, *, ready: int | None = 0) -> StepTimes:
    return StepTimes(name, StepState.COMPLETE, 1, ready, ready, ended)


def laid(found: TaskTimes, dependencies: dict[str, tuple[str, ...]]) -> list[tuple[str, str, int]]:
    return sorted(waits(Dependencies(dependencies), Ends(found)))


def test_a_chain_counts_each_step_once():
    chain = {"a": (), "b": ("a",), "c": ("b",)}
    found = task(done("a", 10), done("b", 25, ready=10), done("c", 30, ready=25))
    assert laid(found, chain) == [("b", "a", 10), ("c", "b", 15)]


def test_a_wait_is_laid_to_the_last_and_from_when_it_was_the_only_one():
    join = {"a": (), "b": (), "c": ("a", "b")}
    assert laid(task(done("a", 30), done("b", 100), done("c", 101)), join) == [("c", "b", 70)]
    # Two that end together kept nobody waiting for one of them.
    assert laid(task(done("a", 30), done("b", 30), done("c", 31)), join) == []


def test_a_wait_that_is_not_over_is_laid_to_nobody():
    join = {"a": (), "b": (), "c": ("a", "b")}
    failed = StepTimes("b", StepState.ERROR, 3, 5, 6, 90)
    assert laid(task(done("a", 30), failed), join) == []
    assert laid(task(done("a", 30)), join) == []


def test_retries_and_backoffs_are_inside_the_wait():
    again = StepTimes("a", StepState.COMPLETE, 3, 80, 81, 90)
    assert laid(task(again), {"a": (), "b": ("a",)}) == [("b", "a", 90)]


def test_a_task_that_was_taken_back_to_work_began_before():
    """`started_at` is anew with a retry; what was done before it still took its time."""
    found = task(done("a", 10), done("b", 110, ready=10), started=100)
    assert laid(found, {"a": (), "b": ("a",), "c": ("b",)}) == [("b", "a", 10), ("c", "b", 100)]


def test_a_bypassed_step_keeps_nobody_waiting():
    bypassed = StepTimes("a", StepState.RESOLVED_MANUALLY, 0, None, None, None)
    assert laid(task(bypassed, started=5), {"a": (), "b": ("a",)}) == []


def test_a_step_is_not_ready_before_its_dependencies_are_done():
    ends = Ends(task(done("a", 40)))
    assert ends.ready(0, ("a",)) == 40  # as recorded after a crash
    assert ends.ready(50, ("a",)) == 50
    assert ends.ready(0, ()) == 0
    assert ends.ready(None, ("a",)) is None


def test_the_beginning_of_an_id_by_its_time():
    clock = ManualClock()
    new_id = IdFactory(clock)
    before, start = new_id(), first_id_at(clock.now() + 1)
    clock._move(clock.now() + 1)
    assert before < start < new_id()
    assert first_id_at(-5.0) < new_id() < first_id_at(1e15)
