"""What does it cost to be told of everything: metrics, events, logs and traces?

Diamonds, as the engine is by default (metrics are counted, events are told to whoever
listens, and nobody does) and with more of it, each over an engine with all of it off:
with one subscriber to every event, with logs written from `info` on as JSON, with spans
made by the OpenTelemetry SDK and exported to nowhere, and with all of that together. By
throughput, and by the processor time of a step, which a busy machine disturbs less.
"""

import importlib.util
import logging
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from msgspec import Struct

from benchmarks.case import Case, Contender, Ground, Ratio, Sample, Settings
from benchmarks.shapes import DIAMOND, definition, request
from tasker.bench.load import run_load
from tasker.config import EngineConfig
from tasker.engine import Engine
from tasker.events.event import Event
from tasker.telemetry.config import TelemetryConfig
from tasker.telemetry.logs import configure_logging

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

IN_FLIGHT = 200
MOST_EVENTS = 20_000
"""Room for all that so many tasks tell at once: each event has to be paid for."""
THROUGHPUT_AIM = 0.9
"""What metrics and events, which are on by default, must leave of the throughput."""


class Told(Struct, frozen=True):
    """What is on."""

    metrics: bool = True
    subscriber: bool = False
    logs: bool = False
    traces: bool = False


OFF, DEFAULT, ALL = "everything off", "the default", "everything on"
ARMS = {
    OFF: Told(metrics=False),
    DEFAULT: Told(),
    "with a subscriber": Told(subscriber=True),
    "with logs": Told(logs=True),
    "with traces": Told(traces=True),
    ALL: Told(subscriber=True, logs=True, traces=True),
}


def _contenders(settings: Settings) -> list[Contender]:
    return [
        Contender(name=f"{arm}, {store}", store=store, options={"arm": arm})
        for store in settings.stores("memory", "sqlite")
        for arm in ARMS
    ]


def _make_ready(contender: Contender, settings: Settings) -> str | None:
    told = ARMS[contender.options["arm"]]
    if told.traces and importlib.util.find_spec("opentelemetry") is None:
        return "traces take the extra `otel`: pip install 'tasker-engine[otel]'"
    return None


async def _sample(contender: Contender, ground: Ground) -> Sample:
    told = ARMS[contender.options["arm"]]
    tasks = ground.settings.scaled(3_000, 16)
    url = ground.fresh_url(contender)
    config = EngineConfig(telemetry=TelemetryConfig(metrics_enabled=told.metrics))
    with ExitStack() as stack:
        _log(told, ground, stack)
        provider = _provider(stack) if told.traces else None
        engine = Engine.open(
            url,
            definitions=definition("diamond", DIAMOND),
            config=config,
            tracer_provider=provider,
        )
        if told.subscriber:
            engine.on("*", capacity=MOST_EVENTS)(_hear)
        async with engine:
            await run_load(engine, request("diamond"), concurrency=IN_FLIGHT, tasks=tasks // 6)
            began = time.process_time()
            load = await run_load(engine, request("diamond"), concurrency=IN_FLIGHT, tasks=tasks)
            took = time.process_time() - began
            dropped = sum(each.dropped for each in engine.health().subscribers)
    return Sample(
        metrics={
            "steps_per_second": load.steps_per_second,
            "step_cpu_us": took * 1e6 / load.steps,
            "events_dropped": dropped,
        }
    )


async def _hear(event: Event) -> None:
    """Do nothing with it: what is measured is the way here."""


def _log(told: Told, ground: Ground, stack: ExitStack) -> None:
    if told.logs:
        stream = stack.enter_context((ground.directory / "log").open("w"))
        configured = configure_logging("json", level="info", stream=stream)
        stack.callback(configured.restore)
    elif not told.metrics:
        # Off is off: not even warnings are looked at.
        before = logging.root.manager.disable
        logging.disable(logging.CRITICAL)
        stack.callback(logging.disable, before)


def _provider(stack: ExitStack) -> "TracerProvider":
    """Return a provider that samples everything, and exports it in batches to nowhere."""
    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

    class Nowhere(SpanExporter):
        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            return SpanExportResult.SUCCESS

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(Nowhere()))
    stack.callback(provider.shutdown)
    return provider


def _ratios(settings: Settings) -> list[Ratio]:
    ratios = []
    for store in settings.stores("memory", "sqlite"):
        for arm in (each for each in ARMS if each != OFF):
            aimed = arm == DEFAULT
            of, off = f"{arm}, {store}", f"{OFF}, {store}"
            ratios += [
                Ratio(
                    name=f"{store}: {arm} over off, steps/s",
                    of=(of, "steps_per_second"),
                    to=(off, "steps_per_second"),
                    at_least=THROUGHPUT_AIM if aimed else None,
                ),
                Ratio(
                    name=f"{store}: {arm} over off, CPU a step",
                    of=(of, "step_cpu_us"),
                    to=(off, "step_cpu_us"),
                    at_most=1 / THROUGHPUT_AIM if aimed else None,
                ),
            ]
    return ratios


CASE = Case(
    question=__doc__ or "",
    contenders=_contenders,
    sample=_sample,
    make_ready=_make_ready,
    ratios=_ratios,
    headline="steps_per_second",
)
