"""Many numbers told in a few."""

import pytest

from tasker.bench.distribution import latency, percentile, summary


def test_a_percentile_is_a_value_that_was_seen():
    ordered = [float(n) for n in range(1, 101)]
    assert [percentile(ordered, at) for at in (0, 50, 95, 99, 100)] == [1, 50, 95, 99, 100]
    assert percentile([7.0], 99) == 7.0
    assert percentile([1.0, 2.0], 50) == 1.0
    assert percentile([1.0, 2.0], 51) == 2.0


def test_a_percentile_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        percentile([], 50)


def test_latency_sorts_and_speaks_in_milliseconds():
    waits = latency([0.003, 0.001, 0.002])
    assert (waits.p50_ms, waits.p95_ms, waits.p99_ms, waits.max_ms) == (2.0, 3.0, 3.0, 3.0)


def test_a_summary_tells_the_middle_and_how_far_apart_the_samples_are():
    found = summary([3.0, 1.0, 2.0, 10.0])
    assert (found.median, found.low, found.high) == (2.5, 1.0, 10.0)
    assert found.spread == pytest.approx(3.6)
    assert found.samples == (3.0, 1.0, 2.0, 10.0)


def test_one_sample_has_no_spread_and_zero_divides_nothing():
    assert summary([5.0]).spread == 0.0
    assert summary([0.0, 0.0]).spread == 0.0


def test_a_summary_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        summary([])
