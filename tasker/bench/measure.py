"""Measuring a definition of one's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import anyio
import anyio.to_thread

from tasker.bench.limits import Observation, Watch, judge
from tasker.bench.load import Load, run_load
from tasker.bench.machine import describe_machine
from tasker.bench.memory import peak_bytes
from tasker.bench.report import Level, Report
from tasker.bench.timed_store import TimedStore
from tasker.config import EngineConfig
from tasker.engine import Engine
from tasker.request import TaskRequest
from tasker.sources import Source, bind_sources
from tasker.stores.protocols import Store
from tasker.stores.urls import make_store

CONCURRENCY = (1, 8, 64, 512)
WARM_UP_SHARE = 0.25
MEBIBYTE = 2**20


async def measure(
    definition: Source,
    context: Mapping[str, Any],
    store: str | Store,
    *,
    name: str | None = None,
    concurrency: Sequence[int] = CONCURRENCY,
    seconds: float = 3.0,
    config: EngineConfig | None = None,
    environment: str | None = None,
) -> Report:
    """Measure how many tasks of a definition an engine does, and say what limits it.

    Its handlers run for real, and the tasks stay in the store.

    Args:
        definition: The definition, or the YAML file that has it.
        context: The context of every task.
        store: A URL, or a store, that no other engine works.
        name: Which definition is meant, where the source has several.
        concurrency: Tasks in flight to try.
        seconds: How long to try each.
        config: The engine's settings.
        environment: Which ``environments`` of a YAML file hold.

    Raises:
        DefinitionError: Something is wrong in the definition.
        ValueError: The source has no definition of that name, or several and none was named.
        TaskerError: As `Engine.open` and `Engine.submit` say.
    """
    request = _request(definition, context, name, environment)
    return await measure_request(
        request,
        definition,
        store,
        concurrency=concurrency,
        seconds=seconds,
        config=config,
        environment=environment,
    )


async def measure_request(
    request: TaskRequest,
    definitions: Source | Iterable[Source],
    store: str | Store,
    *,
    concurrency: Sequence[int] = CONCURRENCY,
    seconds: float = 3.0,
    config: EngineConfig | None = None,
    environment: str | None = None,
) -> Report:
    """Measure tasks of a request, again and again; otherwise as `measure`."""
    timed = TimedStore(make_store(store) if isinstance(store, str) else store)
    observed: list[tuple[Load, Observation]] = []
    engine = Engine.open(
        cast(Store, timed), definitions=definitions, config=config, environment=environment
    )
    async with engine:
        full_name = engine.registry.get(
            request.name, request.namespace, request.version
        ).definition.full_name
        await run_load(engine, request, concurrency=concurrency[0], seconds=seconds * WARM_UP_SHARE)
        for each in concurrency:
            async with Watch(engine, timed, each) as watch:
                load = await run_load(engine, request, concurrency=each, seconds=seconds)
            observed.append((load, watch.observation()))
    best, seen = max(observed, key=lambda pair: pair[0].tasks_per_second)
    return Report(
        definition=full_name,
        store=timed.url,
        machine=await anyio.to_thread.run_sync(describe_machine, _directory(timed.url)),
        levels=tuple(_level(load) for load, _ in observed),
        best=_level(best),
        evidence=judge(seen),
        peak_mib=await anyio.to_thread.run_sync(peak_bytes) / MEBIBYTE,
    )


def _request(
    definition: Source, context: Mapping[str, Any], name: str | None, environment: str | None
) -> TaskRequest:
    found = [bound.definition for bound in bind_sources(definition, environment=environment)]
    named = [each for each in found if name in (None, each.name, each.full_name)]
    if len(named) != 1:
        known = ", ".join(each.full_name for each in found)
        raise ValueError(f"name one definition to measure; there are: {known or 'none'}")
    [one] = named
    return TaskRequest(
        name=one.name, namespace=one.namespace, version=one.version, context=dict(context)
    )


def _level(load: Load) -> Level:
    return Level(
        load=load, tasks_per_second=load.tasks_per_second, steps_per_second=load.steps_per_second
    )


def _directory(url: str) -> Path:
    """Return the directory of the store's file, and the working directory for any other."""
    scheme, _, rest = url.partition(":///")
    return Path(rest.partition("?")[0]).parent if scheme == "sqlite" else Path()
