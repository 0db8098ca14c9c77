"""A process that dies in the middle of a task: ``python -m tests.telemetry.dying URL FILE``."""

import os
import sys

import anyio
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

from tasker import Engine, TaskRequest, define


def definition(dies: bool):
    made = define("mortal")

    @made.step
    async def before():
        return 1

    @made.step
    async def perilous(before, step):
        if dies:
            os._exit(7)
        return step.attempt

    return made


async def main(url: str, file: str) -> None:
    with open(file, "w") as out:  # noqa: ASYNC230 (a program of its own)
        provider = TracerProvider(shutdown_on_exit=False)
        exporter = ConsoleSpanExporter(
            out=out, formatter=lambda span: span.to_json(indent=None) + "\n"
        )
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        async with Engine.open(url, definitions=definition(True), tracer_provider=provider) as it:
            await it.run(TaskRequest(name="mortal"))


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], sys.argv[2])
