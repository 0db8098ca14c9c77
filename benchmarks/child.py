"""One sample, in this process: ``python -m benchmarks.child ORDER.json``."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import anyio
import msgspec
from msgspec import Struct

from benchmarks.case import Contender, Ground, Sample, Settings
from benchmarks.catalog import load_case
from tasker.bench.memory import peak_bytes


class Order(Struct, frozen=True, kw_only=True):
    """What the parent wants: a sample of a contender, or its preparation.

    The answer is written to ``answer``, as JSON.
    """

    case: str
    contender: Contender
    settings: Settings
    directory: str
    answer: str
    repeat: int = 0
    prepare: bool = False


def take(order: Order) -> Sample:
    """Do what an order says, on an event loop of its own."""
    case = load_case(order.case)
    ground = Ground(settings=order.settings, directory=Path(order.directory), repeat=order.repeat)
    work = case.prepare if order.prepare else case.sample
    assert work is not None, f"{order.case} cannot do that"

    async def run() -> Sample:
        return await work(order.contender, ground)

    # As a program should that runs long: what is imported is not looked at again.
    gc.collect()
    gc.freeze()
    taken = anyio.run(run, backend_options={"use_uvloop": order.settings.uvloop})
    return Sample(
        metrics={**taken.metrics, "peak_rss_mib": peak_bytes() / 2**20}, facts=taken.facts
    )


def main() -> None:
    """Read the order, answer it."""
    order = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Order)
    Path(order.answer).write_bytes(msgspec.json.encode(take(order)))


if __name__ == "__main__":
    main()
