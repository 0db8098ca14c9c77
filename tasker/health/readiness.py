"""Whether an engine can take work: each part that it needs is tried, not asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import monotonic

import anyio
from msgspec import Struct

from tasker.actors.errors import AskTimeoutError
from tasker.actors.journal import Journal
from tasker.health.config import HealthConfig
from tasker.health.prober import PROBE, Prober
from tasker.watchdog import Watchdog


class Check(Struct, frozen=True, kw_only=True):
    """How one part did. ``message`` says what is wrong, ``error`` of which class it was."""

    healthy: bool
    message: str
    seconds: float
    error: str | None = None


class Readiness(Struct, frozen=True, kw_only=True):
    """Whether the engine can take work.

    ``checks`` are by name: ``store`` (a value is written durably and read back), ``journal``
    (what is queued gets recorded) and ``loop`` (the event loop goes round in time).
    """

    ready: bool
    message: str
    checks: dict[str, Check]
    seconds: float

    @property
    def failed(self) -> tuple[str, ...]:
        """The names of the checks that failed."""
        return tuple(name for name, check in self.checks.items() if not check.healthy)


class ReadinessChecker:
    """Tries all parts at the same time, none for longer than it may take.

    Args:
        config: How long it may take, and how late the event loop may be.
        prober: Tries the store.
        journal: Has to record what is queued.
        watchdog: Knows how late the event loop was.
        tell: Hears of an answer that is not what it last was; at first it is taken as ready.
    """

    def __init__(
        self,
        config: HealthConfig,
        *,
        prober: Prober,
        journal: Journal,
        watchdog: Watchdog,
        tell: Callable[[Readiness], None],
    ) -> None:
        self._config = config
        self._prober = prober
        self._journal = journal
        self._watchdog = watchdog
        self._tell = tell
        self._was_ready = True

    async def check(self) -> Readiness:
        """Return how the parts did. Takes little longer than the timeout, whatever hangs."""
        begun = monotonic()
        checks: dict[str, Check] = {}

        async def run(name: str, attempt: Callable[[], Awaitable[str]]) -> None:
            checks[name] = await self._tried(attempt)

        parts = {"store": self._store, "journal": self._moves, "loop": self._loop}
        async with anyio.create_task_group() as group:
            for name, attempt in parts.items():
                group.start_soon(run, name, attempt)
        checks = {name: checks[name] for name in parts}
        failed = [f"{name}: {check.message}" for name, check in checks.items() if not check.healthy]
        readiness = Readiness(
            ready=not failed,
            message="; ".join(failed) or "ready",
            checks=checks,
            seconds=monotonic() - begun,
        )
        if readiness.ready != self._was_ready:
            self._was_ready = readiness.ready
            self._tell(readiness)
        return readiness

    async def _tried(self, attempt: Callable[[], Awaitable[str]]) -> Check:
        begun, limit = monotonic(), self._config.readiness_timeout_seconds
        error: Exception
        try:
            with anyio.fail_after(limit):
                message = await attempt()
            return Check(healthy=True, message=message, seconds=monotonic() - begun)
        except (TimeoutError, AskTimeoutError) as late:
            error, message = late, f"no answer within {limit:g} s"
        except Exception as failed:
            error, message = failed, str(failed)
        return Check(
            healthy=False, message=message, seconds=monotonic() - begun, error=type(error).__name__
        )

    async def _store(self) -> str:
        await self._prober.ref.ask(PROBE)
        return "a value was written and read back"

    async def _moves(self) -> str:
        await self._journal.settled()
        return "what was queued is recorded"

    async def _loop(self) -> str:
        lag, limit = self._watchdog.lag(), self._config.max_loop_lag_seconds
        if lag > limit:
            raise RuntimeError(
                f"the event loop was {lag:.1f} s late, more than {limit:g} s; the log names what "
                "held it"
            )
        return f"at most {lag:.3f} s late"
