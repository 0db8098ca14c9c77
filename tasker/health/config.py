"""The settings of health checks."""

from __future__ import annotations

from msgspec import Struct


class HealthConfig(Struct, frozen=True, kw_only=True):
    """When an engine counts as ready, and how long its status is kept.

    Attributes:
        readiness_timeout_seconds: How long each check may take before it has failed.
        cache_duration_seconds: How long a status is given again before it is made anew.
        max_loop_lag_seconds: How late the event loop may be.
    """

    readiness_timeout_seconds: float = 5.0
    cache_duration_seconds: float = 15.0
    max_loop_lag_seconds: float = 1.0

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if not value > 0:
                raise ValueError(f"HealthConfig.{name} is {value}; it must be greater than 0")
