"""A node among others: ``python -m tests.recovery.node URL LEDGER``.

It works what is in the store, the tasks of `tests.recovery.work`, until it is told to stop;
or is stopped, or killed, at whatever moment.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import anyio
from msgspec.structs import replace

from tasker import Engine
from tests.recovery import work

LEASE_SECONDS = 3.0
CONFIG = replace(work.CONFIG, lease_seconds=LEASE_SECONDS, poll_seconds=0.05)


async def run(url: str) -> None:
    async with Engine.open(url, definitions=work.definitions(), config=CONFIG):
        print("working", flush=True)
        with anyio.open_signal_receiver(signal.SIGTERM) as signals:
            async for _ in signals:
                return


if __name__ == "__main__":
    work.ledger = Path(sys.argv[2])
    anyio.run(run, sys.argv[1])
