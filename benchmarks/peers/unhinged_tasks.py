"""unhinged, on its SQLite file.

For speed, as its documentation says: one process, since more of them wait for the
same file. One in flight is the synchronous worker on this thread; more is the
asyncio worker, which claims in batches. It has no graphs: the steps of a task are
calls, one after the other. ``full`` is its default durability, ``normal`` the
setting that leaves syncing to the system.
"""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from typing import Any

from unhinged import AsyncUnhinged, Unhinged

from benchmarks.peers.driver import STEPS, contend, read_order

QUEUE = "bench"


def nothing() -> int:
    """Return something small."""
    return 1


def main() -> None:
    """Answer the order."""
    order = read_order()
    path, synchronous = str(order.directory / "unhinged.db"), str(order.options["synchronous"])
    plain = Unhinged(path, queue_name=QUEUE, synchronous=synchronous)
    plain.create_queue()
    looped = AsyncUnhinged(path, queue_name=QUEUE, synchronous=synchronous)
    for shape, steps in STEPS.items():
        _register(plain, looped, shape, steps)
    with asyncio.Runner() as runner:

        def run(shape: str, tasks: int, in_flight: int) -> None:
            if in_flight == 1:
                for _ in range(tasks):
                    plain.spawn(shape, {})
                plain.run_until_idle()
                return
            for _ in range(tasks):
                looped.spawn(shape, {})
            runner.run(looped.start_worker(concurrency=in_flight, stop_when_idle=True))

        contend(order, run, in_flight=(1, 16, 64), facts={"version": version("unhinged")})
    looped.close()
    plain.close()


def _register(plain: Unhinged, looped: AsyncUnhinged, shape: str, steps: int) -> None:
    names = [f"s{i}" for i in range(steps)]

    @plain.register_task(shape)
    def run_plain(params: Any, context: Any) -> int:
        return sum(context.step(name, nothing) for name in names)

    @looped.register_task(shape)
    async def run_looped(params: Any, context: Any) -> int:
        return sum([await context.step(name, nothing) for name in names])


if __name__ == "__main__":
    main()
