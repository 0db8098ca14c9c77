"""What does the HTTP API cost: how many tasks a second can be created, and how fast is each?

A server of its own, `tasker serve` on SQLite with strict durability, and a client of its own
beside it. Each request creates a task of one trivial step, which the same server then runs;
the answer comes once the task is durable. As fast as answers come, then at 70 % of that rate,
each wait counted from when the request was due; then at that rate while 500 others watch the
events of failures by server-sent events, of which there is one a second. Beside it a handler
of the same framework and server that does nothing. Also how long the server takes to start,
and what it holds in memory when it is idle.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import httpx
import msgspec
from msgspec import Struct

from benchmarks.case import Case, Contender, Ground, Ratio, Sample, Settings
from benchmarks.http_load import HttpLoad, ask_at_rate, ask_without_pause
from benchmarks.shapes import NAMESPACE
from benchmarks.watchers import watched
from tasker.bench.distribution import Latency

CONNECTIONS = 64
WATCHERS = 500
BUSY_SHARE = 0.7
AIM = 0.5
"""What is aimed at, of the handler that does nothing."""
START_SECONDS_ALLOWED = 1.0

EMPTY, CREATE, WATCHED, START = "an empty handler", "create", "create, 500 watchers", "start"
_BODY = msgspec.json.encode({"name": "one", "namespace": NAMESPACE, "context": {"n": 1}})


class _Server(Struct, frozen=True):
    """A server that listens."""

    host: str
    port: int
    path: str
    process: int
    start_seconds: float

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}{self.path}"

    def request(self) -> bytes:
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(_BODY)}\r\n\r\n"
        )
        return head.encode() + _BODY


def _contenders(settings: Settings) -> list[Contender]:
    [store] = settings.stores("sqlite")
    return [Contender(name=name, store=store) for name in (EMPTY, CREATE, WATCHED, START)]


async def _sample(contender: Contender, ground: Ground) -> Sample:
    name, settings = contender.name, ground.settings
    async with _serving(contender, ground) as server:
        if name == START:
            await anyio.sleep(0.1 if settings.quick else 2.0)
            return Sample(
                metrics={
                    "start_s": server.start_seconds,
                    "idle_mib": _resident_mib(server.process),
                }
            )
        await _without_pause(server, settings)
        peak = await _without_pause(server, settings)
        rate = BUSY_SHARE * peak.per_second
        metrics = {"per_second": peak.per_second, **_waits("full", peak.latency)}
        if name == WATCHED:
            metrics |= await _while_watched(server, settings, rate)
        else:
            metrics |= _waits("busy", (await _at_rate(server, settings, rate)).latency)
    return Sample(metrics=metrics)


async def _without_pause(server: _Server, settings: Settings) -> HttpLoad:
    return _checked(
        await ask_without_pause(
            server.host,
            server.port,
            server.request(),
            connections=settings.scaled(CONNECTIONS, 4),
            seconds=0.1 if settings.quick else 5.0,
        )
    )


async def _at_rate(server: _Server, settings: Settings, rate: float) -> HttpLoad:
    return _checked(
        await ask_at_rate(
            server.host,
            server.port,
            server.request(),
            connections=settings.scaled(4 * CONNECTIONS, 4),
            per_second=rate,
            seconds=0.1 if settings.quick else 10.0,
        )
    )


async def _while_watched(server: _Server, settings: Settings, rate: float) -> dict[str, float]:
    events = f"{server.url.removesuffix('/tasks')}/events/stream?name=task.failed"
    failing = {"name": "failing", "namespace": NAMESPACE}
    async with (
        watched(events, settings.scaled(WATCHERS, 3)) as watchers,
        httpx.AsyncClient() as client,
        anyio.create_task_group() as group,
    ):

        async def fail_now_and_then() -> None:
            while True:
                watchers.cause()
                with anyio.CancelScope(shield=True):
                    (await client.post(server.url, json=failing)).raise_for_status()
                await anyio.sleep(0.05 if settings.quick else 1.0)

        group.start_soon(fail_now_and_then)
        load = await _at_rate(server, settings, rate)
        group.cancel_scope.cancel()
        heard = await watchers.delays()
    return {**_waits("busy", load.latency), "heard_p99_ms": heard.p99_ms}


@asynccontextmanager
async def _serving(contender: Contender, ground: Ground) -> AsyncIterator[_Server]:
    """Start what contends in a process of its own, and end it."""
    if contender.name == EMPTY:
        command = [sys.executable, "-m", "benchmarks.empty_handler"]
    else:
        url = ground.fresh_url(contender)
        command = [sys.executable, "-m", "tasker", "--json", "serve", "--port", "0"]
        command += ["--store", url, "--app", "benchmarks.served:workflows"]
    began = time.perf_counter()
    process = await anyio.open_process(command, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        line = (await process.stdout.receive()).decode()
        took = time.perf_counter() - began
        found = line.strip() if contender.name == EMPTY else f"{_url_told(line)}/tasks"
        parts = urlsplit(found)
        yield _Server(parts.hostname or "", parts.port or 0, parts.path, process.pid, took)
    finally:
        process.send_signal(signal.SIGKILL)
        await process.aclose()


def _url_told(line: str) -> str:
    return str(msgspec.json.decode(line)["url"])


def _checked(load: HttpLoad) -> HttpLoad:
    if set(load.statuses) != {201}:
        raise RuntimeError(f"not every task was created: {load.statuses}")
    return load


def _waits(name: str, latency: Latency) -> dict[str, float]:
    return {f"{name}_p50_ms": latency.p50_ms, f"{name}_p99_ms": latency.p99_ms}


def _resident_mib(process: int) -> float:
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _ratios(settings: Settings) -> list[Ratio]:
    return [
        Ratio(
            name="creations over requests of an empty handler",
            of=(CREATE, "per_second"),
            to=(EMPTY, "per_second"),
            at_least=AIM,
        ),
        Ratio(
            name="p99 of a creation with 500 watchers over without",
            of=(WATCHED, "busy_p99_ms"),
            to=(CREATE, "busy_p99_ms"),
        ),
        Ratio(
            name="start over a second",
            of=(START, "start_s"),
            to=START_SECONDS_ALLOWED,
            at_most=1.0,
        ),
    ]


CASE = Case(
    question=__doc__ or "",
    contenders=_contenders,
    sample=_sample,
    ratios=_ratios,
    headline="per_second",
)
