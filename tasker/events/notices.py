"""Tells of changes of the engine itself: its health, its readiness, its limit of steps."""

from __future__ import annotations

from tasker.events.bus import EventBus
from tasker.events.observability import (
    ObservabilityEngineHealthChanged,
    ObservabilityEngineLimitChanged,
    ObservabilityEngineReadyChanged,
)
from tasker.governor import LimitChange
from tasker.health.readiness import Readiness
from tasker.telemetry.masking import Masker


class Notices:
    """Hears the parts of an engine, in its event loop.

    Args:
        bus: Brings the events to those who listen.
        masker: Hides secrets in what went wrong.
    """

    def __init__(self, bus: EventBus, masker: Masker) -> None:
        self._bus = bus
        self._masker = masker

    def health_changed(self, trouble: Exception | None) -> None:
        """The store failed, or works again."""
        told = None if trouble is None else self._masker.text(str(trouble))
        self._bus.tell(ObservabilityEngineHealthChanged, healthy=trouble is None, trouble=told)

    def ready_changed(self, readiness: Readiness) -> None:
        """The engine is ready, or not, other than when it was last asked."""
        self._bus.tell(
            ObservabilityEngineReadyChanged,
            ready=readiness.ready,
            failed_checks=readiness.failed,
            message=self._masker.text(readiness.message),
        )

    def limit_changed(self, change: LimitChange) -> None:
        """More or fewer steps run at once."""
        self._bus.tell(
            ObservabilityEngineLimitChanged,
            before=change.before,
            after=change.after,
            pressure=change.pressure.level,
            loads=change.pressure.sources(),
        )
