"""A process that takes turns under a limit, and says when it went.

    python -m tests.coordination.limited URL NAME RATE SECONDS

It reads a line, then begins.
"""

from __future__ import annotations

import sys
import time

import anyio

from tasker.stores.coordination import open_coordination

CALLERS = 3


async def main(url: str, name: str, rate: float, seconds: float) -> None:
    """Go as often as the limit allows, with several callers, and print each instant."""
    coordination = await open_coordination(url, processes=4, timeout_seconds=20)
    print("ready", flush=True)
    await anyio.to_thread.run_sync(sys.stdin.readline)
    until = time.time() + seconds
    went: list[float] = []

    async def caller() -> None:
        while True:
            turn = await coordination.limit(name, rate=rate)
            assert turn.shared
            await anyio.sleep(turn.wait_seconds)
            at = time.time()
            if at >= until:
                return
            went.append(at)

    async with anyio.create_task_group() as group:
        for _ in range(CALLERS):
            group.start_soon(caller)
    await coordination.close()
    print(" ".join(f"{at:.6f}" for at in went), flush=True)


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4]))
