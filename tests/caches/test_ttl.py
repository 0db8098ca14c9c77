"""How long a value is kept: each rule, each bound, each setting."""

import pytest

from tasker.stores.caches.ttl import CacheConfig, Use, adapted_ttl
from tasker.stores.caches.use import UseTracker

CONFIG = CacheConfig()


@pytest.mark.parametrize(
    ("base", "use", "ttl"),
    [
        (300, Use(), 300),
        (300, Use(hit_rate=0.9, generation_seconds=2, accesses_per_minute=150), 702),
        (300, Use(hit_rate=0.1, generation_seconds=0.05, accesses_per_minute=2), 151),
        (10, Use(), 30),
        (3000, Use(hit_rate=0.9), 3600),
        (300, Use(hit_rate=0.81), 450),
        (300, Use(hit_rate=0.8), 300),
        (300, Use(hit_rate=0.3), 300),
        (300, Use(hit_rate=0.29), 210),
        (300, Use(hit_rate=0.0), 210),
        (300, Use(generation_seconds=1.01), 390),
        (300, Use(generation_seconds=1.0), 300),
        (300, Use(generation_seconds=0.1), 300),
        (300, Use(generation_seconds=0.0), 240),
        (300, Use(accesses_per_minute=101), 360),
        (300, Use(accesses_per_minute=100), 300),
        (300, Use(accesses_per_minute=5), 300),
        (300, Use(accesses_per_minute=4.9), 270),
    ],
)
def test_a_time_to_live_follows_from_use(base, use, ttl):
    assert adapted_ttl(base, use, CONFIG) == ttl


def test_under_pressure_it_is_half():
    assert adapted_ttl(300, Use(), CONFIG, under_pressure=True) == 150
    assert adapted_ttl(40, Use(), CONFIG, under_pressure=True) == 30, "not below the least"


@pytest.mark.parametrize("setting", ["adaptive_ttl_enabled", "performance_tracking_enabled"])
def test_where_nothing_is_adapted_the_base_stays_whatever_the_bounds(setting):
    config = CacheConfig(**{setting: False})
    assert adapted_ttl(10, Use(hit_rate=0.9), config, under_pressure=True) == 10


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(ValueError, match="invalid cache configuration") as told:
        CacheConfig(
            default_ttl_seconds=0,
            min_adaptive_ttl_seconds=60,
            max_adaptive_ttl_seconds=60,
            hit_rate_smoothing_factor=1,
            access_frequency_decay_rate=1,
            cache_pressure_threshold=1.1,
            max_value_bytes=0,
        )
    for name in (
        "default_ttl_seconds is 0",
        "min_adaptive_ttl_seconds must be less",
        "hit_rate_smoothing_factor",
        "access_frequency_decay_rate",
        "cache_pressure_threshold",
        "max_value_bytes is 0",
    ):
        assert name in str(told.value)


def _used(every_seconds, accesses=400, hits=lambda number: number > 0):
    tracker = UseTracker(CONFIG)
    for number in range(accesses):
        tracker.wanted("group", hit=hits(number), now=number * every_seconds)
    return tracker.use_of("group")


@pytest.mark.parametrize("per_minute", [240, 120, 60, 6])
def test_a_frequency_is_in_accesses_a_minute(per_minute):
    found = _used(60 / per_minute).accesses_per_minute
    assert found == pytest.approx(per_minute, rel=0.05)


def test_each_rule_of_frequency_can_be_reached():
    seldom, often = (_used(every).accesses_per_minute or 0 for every in (60, 0.4))
    assert 0 < seldom < 5
    assert often > 100


def test_a_pause_lowers_the_frequency():
    tracker = UseTracker(CONFIG)
    for number in range(200):
        tracker.wanted("group", hit=True, now=number * 0.1)
    tracker.wanted("group", hit=True, now=300.0)
    assert (tracker.use_of("group").accesses_per_minute or 9) < 5


def test_a_hit_rate_is_smoothed_and_believed_after_some_accesses():
    assert _used(1, accesses=9).hit_rate is None
    assert _used(1, hits=lambda number: number % 4 != 0).hit_rate == pytest.approx(0.75, abs=0.1)
    assert _used(1, hits=lambda number: True).hit_rate == pytest.approx(1.0)
    assert _used(1, hits=lambda number: False).hit_rate == 0.0


def test_how_long_making_takes_is_known_from_the_first_and_not_lowered_by_hits():
    tracker = UseTracker(CONFIG)
    tracker.wanted("group", hit=False, now=0)
    tracker.made("group", 10.0)
    for number in range(500):
        tracker.wanted("group", hit=True, now=number)
    assert tracker.use_of("group").generation_seconds == 10.0
    tracker.made("group", 20.0)
    assert tracker.use_of("group").generation_seconds == pytest.approx(11.0)


def test_the_number_of_groups_is_bounded():
    tracker = UseTracker(CacheConfig(max_tracked_groups=2))
    for group in ("a", "b", "a", "c"):
        tracker.wanted(group, hit=True, now=0)
    assert list(tracker.groups()) == ["a", "c"]
    assert tracker.forget("a")
    assert not tracker.forget("a")
