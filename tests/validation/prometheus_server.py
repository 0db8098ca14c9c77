"""A real Prometheus of a test's own, which scrapes some ports of this machine."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.handlers.http_server import free_port

READY_SECONDS = 20.0


@dataclass
class Prometheus:
    """Where it is, and which port each of its jobs scrapes."""

    url: str
    ports: Mapping[str, int] = field(default_factory=dict)

    def listen(self, job: str) -> str:
        """Return where the metrics of a job are to be served."""
        return f"127.0.0.1:{self.ports[job]}"


@contextmanager
def prometheus_server(folder: Path, jobs: Mapping[str, Mapping[str, Any]]) -> Iterator[Prometheus]:
    """Run one that has jobs by name, each with settings beside those that all have.

    It scrapes all that it scrapes often when this yields, which takes it some seconds.
    """
    port = free_port()
    ports = {job: free_port() for job in jobs}
    config = folder / "prometheus.yml"
    config.write_text(yaml.safe_dump({"scrape_configs": [*_configs(jobs, ports)]}))
    with (folder / "prometheus.log").open("w") as log:
        server = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={config}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        often = {job for job, settings in jobs.items() if "scrape_interval" not in settings}
        _wait_until_ready(f"http://127.0.0.1:{port}", often, server, folder / "prometheus.log")
        yield Prometheus(f"http://127.0.0.1:{port}", ports)
    finally:
        server.terminate()
        server.wait()


def _configs(
    jobs: Mapping[str, Mapping[str, Any]], ports: Mapping[str, int]
) -> Iterator[dict[str, Any]]:
    for job, settings in jobs.items():
        target = {"targets": [f"127.0.0.1:{ports[job]}"], "labels": settings.get("labels", {})}
        more = {name: value for name, value in settings.items() if name != "labels"}
        intervals = {"scrape_interval": "200ms", "scrape_timeout": "200ms"}
        yield {"job_name": job, **intervals, "static_configs": [target], **more}


def _wait_until_ready(url: str, jobs: set[str], server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            answer = httpx.get(f"{url}/api/v1/targets").raise_for_status()
        except httpx.HTTPError:
            pass
        else:
            targets = answer.json()["data"]["activeTargets"]
            if jobs <= {each["scrapePool"] for each in targets if each["health"] != "unknown"}:
                return
        time.sleep(0.05)
    raise AssertionError(f"Prometheus did not start:\n{log.read_text()}")
