"""What there is to tell of caches is logged, once, at the level that it has."""

import logging

from tasker.stores.caches import CacheStrategy, DetectorRegistry, MemoryCache
from tasker.telemetry.cache_log import log_notice


def test_a_strategy_is_logged_once_and_trouble_is_a_warning(caplog):
    def broken(cache):
        raise RuntimeError("no idea")

    registry = DetectorRegistry(tell=log_notice)
    registry.register_detector("MemoryCache", broken)
    with caplog.at_level(logging.INFO, logger="tasker"):
        for _ in range(3):
            CacheStrategy.detect(MemoryCache(), detectors=registry)
    warning, told = caplog.records
    assert (warning.levelname, told.levelname) == ("WARNING", "INFO")
    assert "RuntimeError: no idea" in warning.getMessage()
    assert "local_only" in told.getMessage()
    assert vars(told)["cache"]["cache_class"].endswith("MemoryCache")
