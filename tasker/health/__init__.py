"""Whether an engine lives, whether it is ready, and how it stands."""

from tasker.health.config import HealthConfig

__all__ = ["HealthConfig"]
