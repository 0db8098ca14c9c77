"""One circuit breaker for all who call a system, whichever process they are in.

closed ──failures in the window reach the threshold, or it says when to come──► open
open ──its time is over──► half open: one is let through to try
half open ──that one succeeds──► closed        ──it fails──► open
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from tasker.stores.coordination.protocol import Claim, Coordination


class Circuit(StrEnum):
    """Whether a system is called."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class BreakerConfig(Struct, frozen=True, kw_only=True):
    """When a circuit opens, and for how long.

    Attributes:
        failure_threshold: So many failures open it.
        window_seconds: In so long, from the first of them on.
        open_seconds: For how long, where the system did not say.
        trial_seconds: How long the one who tries may take before another tries.
        longest_hold_seconds: The most that a system is believed when it says when to come.
    """

    failure_threshold: int = 5
    window_seconds: float = 60.0
    open_seconds: float = 30.0
    trial_seconds: float = 60.0
    longest_hold_seconds: float = 3600.0

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if not value > 0:
                raise ValueError(f"BreakerConfig.{name} is {value}; it must be greater than 0")


class Admission(Struct, frozen=True, kw_only=True):
    """Whether a call may be made.

    Attributes:
        allowed: Whether it may.
        wait_seconds: If not, in how many seconds it is worth asking again.
        circuit: What the circuit was.
        trial: For who is let through a circuit that is half open, the right to try.
    """

    allowed: bool
    wait_seconds: float
    circuit: Circuit
    trial: Claim | None = None


class CircuitBreaker:
    """Keeps those who call a system from calling it while it fails or asks for a pause.

        admission = await breaker.admit()
        if not admission.allowed:
            ...                                 # come again in admission.wait_seconds
        ...                                     # call the system
        await breaker.succeeded(admission)      # or failed(admission, retry_after=30)

    Asking costs one read of the cache. Only the one who tries a circuit that is half open
    closes it: an answer to an older call says nothing about how the system is now.

    Args:
        coordination: By whom it is shared.
        system: The name of the system.
        config: When it opens.
    """

    def __init__(
        self, coordination: Coordination, system: str, config: BreakerConfig | None = None
    ) -> None:
        self._coordination = coordination
        self._name = f"circuit {system}"
        self.config = config or BreakerConfig()

    async def circuit(self) -> Circuit:
        """Return what the circuit is."""
        return _circuit(await self._coordination.held(self._name))

    async def admit(self) -> Admission:
        """Ask whether to call the system."""
        held = await self._coordination.held(self._name)
        circuit = _circuit(held)
        if circuit is Circuit.CLOSED:
            return Admission(allowed=True, wait_seconds=0.0, circuit=circuit)
        if held is not None and held > 0:
            return Admission(allowed=False, wait_seconds=held, circuit=circuit)
        trial = await self._coordination.claim(self._name, ttl_seconds=self.config.trial_seconds)
        if trial is None:
            wait = min(1.0, self.config.trial_seconds)
            return Admission(allowed=False, wait_seconds=wait, circuit=circuit)
        return Admission(allowed=True, wait_seconds=0.0, circuit=circuit, trial=trial)

    async def succeeded(self, admission: Admission) -> None:
        """Say that the system answered as it should."""
        if admission.trial is not None:
            await self._coordination.lift(self._name)
            await self._coordination.release(admission.trial)

    async def failed(self, admission: Admission, *, retry_after: float | None = None) -> None:
        """Say that the call failed in a way that is the system's.

        Args:
            admission: Of the call.
            retry_after: In how many seconds the system asks to be called again, as its
                ``Retry-After`` says; None where it does not say.
        """
        if retry_after is not None and retry_after > 0:
            await self._open(min(retry_after, self.config.longest_hold_seconds))
        elif admission.trial is not None:
            await self._open(self.config.open_seconds)
        else:
            failures = await self._coordination.increment(
                self._name, ttl_seconds=self.config.window_seconds
            )
            # A multiple: having opened once, the same window takes as many to open again.
            if failures % self.config.failure_threshold == 0:
                await self._open(self.config.open_seconds)
        if admission.trial is not None:
            await self._coordination.release(admission.trial)

    async def _open(self, seconds: float) -> None:
        # Remembered as long again: whoever comes in that time tries, before all do.
        await self._coordination.hold(
            self._name, seconds=seconds, remembered_seconds=max(seconds, self.config.trial_seconds)
        )


def _circuit(held: float | None) -> Circuit:
    if held is None:
        return Circuit.CLOSED
    return Circuit.OPEN if held > 0 else Circuit.HALF_OPEN
