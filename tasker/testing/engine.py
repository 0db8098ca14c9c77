"""An engine for tests: in memory, on a clock that jumps, with everything it told of."""

# ruff: noqa: PT028 (`testing_engine` is no test, whatever its name begins with)

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, nullcontext
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import anyio

from tasker.actors.protocols import AttemptOrder, Clock, Runner
from tasker.actors.workflow.outcome import AttemptResult
from tasker.config import EngineConfig
from tasker.engine import Engine
from tasker.errors import InvalidRequestError
from tasker.ids import IdFactory
from tasker.request import TaskRequest
from tasker.sources import Source
from tasker.stores.protocols import Store
from tasker.task_view import TaskView
from tasker.testing.captured import CapturedEvents
from tasker.testing.clock import JumpClock, ManualClock

if TYPE_CHECKING:
    from tasker.telemetry.otel import TracerProvider

LONGEST_RUN_SECONDS = 30.0
"""Real seconds that `run_task` gives a task before it takes it for stuck."""


class CapturingEngine(Engine):
    """An engine that keeps the events it told of, on a clock that the test moves."""

    captured: CapturedEvents
    clock: ManualClock

    def run_on(self, clock: ManualClock) -> None:
        """Have the clock know of the attempts that run; call before opening."""
        self.clock = clock
        pool = self._runtime.pool
        pool.runner = _TimedRunner(pool.runner, clock)

    async def __aenter__(self) -> Self:
        self.captured = CapturedEvents(self._events)
        self.captured.__enter__()
        return await super().__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        try:
            return await super().__aexit__(kind, error, traceback)
        finally:
            self.captured.__exit__(kind, error, traceback)


class _TimedRunner:
    """A runner whose clock knows of the attempts that run."""

    def __init__(self, inner: Runner, clock: ManualClock) -> None:
        self._clock = clock
        self._inner = inner
        self.order_ready = inner.order_ready
        self.annotate = inner.annotate

    async def run(self, order: AttemptOrder) -> AttemptResult:
        with self._clock.attempt():
            return await self._inner.run(order)


@asynccontextmanager
async def testing_engine(
    definitions: Source | Iterable[Source] = (),
    *,
    config: EngineConfig | None = None,
    clock: ManualClock | None = None,
    store: Store | str = "memory://",
    tracer_provider: TracerProvider | None = None,
) -> AsyncIterator[CapturingEngine]:
    """Open an engine for a test.

        async with testing_engine(checkout) as engine:
            task = await engine.run(TaskRequest(name="checkout", context={"cart": 7}))
            assert task.results["charge"] == {"paid": True}
            assert "step.completed" in engine.captured.names(task.task_id)

    Ids are the same in every run, and so is the jitter of backoffs. Leaving it
    interrupts the steps that still run, unless ``config`` gives them time.

    Args:
        definitions: What it can run.
        config: Its settings.
        clock: Its time; a `JumpClock` when None, on which no backoff has to be
            waited for. A `ManualClock` stands still until `ManualClock.advance`.
        store: What it keeps tasks in; one in memory, of its own. Time on a
            `JumpClock` runs away over a store that is polled, such as a file.
        tracer_provider: As for `Engine.open`.
    """
    time = clock or JumpClock()
    engine = CapturingEngine.open(
        store,
        definitions=definitions,
        config=config or EngineConfig(shutdown_seconds=0.0),
        clock=time,
        ids=_steady_ids(time),
        tracer_provider=tracer_provider,
    )
    engine.run_on(time)
    failure: BaseException | None = None
    jumps = time.jumping() if isinstance(time, JumpClock) else nullcontext()
    async with jumps:
        # Carried around the clock's task group, which would wrap it in an ExceptionGroup.
        try:
            async with engine:
                yield engine
        except anyio.get_cancelled_exc_class():
            raise
        except BaseException as error:
            failure = error
    if failure is not None:
        raise failure


# pytest takes every imported function that is called test… for a test.
vars(testing_engine)["__test__"] = False


async def run_task(
    definition: Source,
    *,
    context: Mapping[str, Any] | None = None,
    config: EngineConfig | None = None,
    timeout_seconds: float | None = LONGEST_RUN_SECONDS,
    **request: Any,
) -> TaskView:
    """Run one task of a definition to its rest, whatever that is.

        task = await run_task(checkout, context={"cart": 7}, bypass_steps=["notify"])
        assert task.state == "complete"

    Args:
        definition: What to run. A source of several needs a ``name`` in ``request``.
        context: What the task works on.
        config: The engine's settings.
        timeout_seconds: Real seconds after which it is taken for stuck; None for never.
        request: Any more fields of `TaskRequest`.

    Raises:
        TimeoutError: It took too long; a step that hangs does.
    """
    async with testing_engine(definition, config=config) as engine:
        wanted = {**_only_definition(engine, request), **request}
        asked = TaskRequest(context=dict(context or {}), **wanted)
        return await engine.run(asked, timeout_seconds=timeout_seconds)


def _only_definition(engine: Engine, request: Mapping[str, Any]) -> dict[str, Any]:
    if "name" in request:
        return {}
    found = {
        (entry.definition.namespace, entry.definition.name) for entry in engine.registry.list()
    }
    if len(found) != 1:
        names = ", ".join(".".join(each) for each in sorted(found)) or "nothing"
        raise InvalidRequestError(f"say by name= which of these to run: {names}")
    ((namespace, name),) = found
    return {"namespace": namespace, "name": name}


def _steady_ids(clock: Clock) -> IdFactory:
    return IdFactory(clock, randomness=bytes)
