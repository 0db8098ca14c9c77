"""Tracing as a whole: what is left to the SDK, and whether it is on."""

import subprocess
import sys

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, TraceIdRatioBased

from tasker import Engine, EngineConfig, define
from tasker.telemetry import TelemetryConfig
from tasker.telemetry.span_ids import trace_id_of
from tasker.testing import testing_engine
from tests.cli.command import ROOT
from tests.engine.support import request
from tests.telemetry.flaky import flaky, flaky_request
from tests.telemetry.traced import Spans

# What is left to the SDK.


async def test_with_sampling_off_there_are_no_spans_and_work_goes_on():
    spans, made = Spans(ALWAYS_OFF), define("work")

    @made.step
    async def step(task):
        context = trace.get_current_span().get_span_context()
        return [context.trace_id, context.trace_flags.sampled]

    async with testing_engine(made, tracer_provider=spans.provider) as engine:
        task = await engine.run(request())
    assert task.results["step"] == [trace_id_of(task.task_id), False]
    assert spans.all == []


@pytest.mark.parametrize("sampler", [TraceIdRatioBased(0.5), ParentBased(TraceIdRatioBased(0.5))])
async def test_a_ratio_keeps_whole_traces_and_about_as_many_as_it_says(sampler):
    spans = Spans(sampler)
    async with Engine.open(
        "memory://", definitions=flaky(0), tracer_provider=spans.provider
    ) as engine:
        submitted = [await engine.submit(flaky_request()) for _ in range(200)]
        for task_id in submitted:
            await engine.wait(task_id)
    kept = {span.context.trace_id for span in spans.named("task shop.work")}
    assert kept == {span.context.trace_id for span in spans.named("step step")}
    # 200 tosses of a coin: beyond this once in some hundred million runs.
    assert 60 <= len(kept) <= 140


async def test_a_processor_that_raises_hurts_nobody(caplog):
    class Broken(SpanProcessor):
        def on_start(self, span, parent_context=None):
            raise RuntimeError("a processor of the application")

        on_end = on_start

    spans = Spans()
    spans.provider.add_span_processor(Broken())
    async with testing_engine(flaky(1), tracer_provider=spans.provider) as engine:
        assert (await engine.run(flaky_request())).state == "complete"
    assert "a processor of the application" in caplog.text


# Whether it is on.


async def test_the_global_provider_is_used_when_the_configuration_says_so(monkeypatch):
    spans = Spans()
    monkeypatch.setattr("tasker.telemetry.otel.get_tracer_provider", lambda: spans.provider)
    config = EngineConfig(telemetry=TelemetryConfig(traces=True))
    async with testing_engine(flaky(0), config=config) as engine:
        await engine.run(flaky_request())
    assert spans.names == ["step step", "task shop.work"]


def test_a_global_provider_that_was_not_set_up_is_told():
    config = EngineConfig(telemetry=TelemetryConfig(traces=True))
    with pytest.raises(ValueError, match=r"global tracer provider is .*set_tracer_provider"):
        Engine.open("memory://", config=config)


def test_a_provider_of_something_else_is_refused():
    with pytest.raises(ValueError, match=r"tracer_provider is builtins\.object; traces need a"):
        Engine.open("memory://", tracer_provider=object())  # type: ignore[arg-type]


ABSENT = """
import sys
sys.modules["opentelemetry"] = None
import tasker
from tasker.telemetry import TelemetryConfig
tasker.Engine.open("memory://")
config = tasker.EngineConfig(telemetry=TelemetryConfig(traces=True))
try:
    tasker.Engine.open("memory://", config=config)
except tasker.TaskerError as error:
    print(error)
"""


def test_without_the_extra_traces_are_refused_by_its_name_and_nothing_else_misses_it():
    done = subprocess.run(
        [sys.executable, "-c", ABSENT], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout == "tracing needs the extra 'otel': pip install 'tasker-engine[otel]'\n"


def test_an_engine_without_traces_does_not_import_opentelemetry():
    program = (
        "import sys, tasker; tasker.Engine.open('memory://'); import tasker.handlers.api; "
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout == "[]\n"
