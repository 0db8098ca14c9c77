"""Redis and Memcached of the tests' own, on loopback, empty and with nothing kept on disk."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.handlers.http_server import free_port

READY_SECONDS = 20.0
HOST = "127.0.0.1"


class Server:
    """A server that can be stopped, continued, killed and started again on its port."""

    def __init__(self, scheme: str, command: Callable[[int], list[str]], flush: bytes) -> None:
        self.port = free_port()
        self.url = f"{scheme}://{HOST}:{self.port}"
        self._command = command(self.port)
        self._flush = flush
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Run it, and return when it takes connections."""
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                self.flush()
            except OSError:
                time.sleep(0.01)
            else:
                return
        raise AssertionError(f"{self._command[0]} did not start on port {self.port}")

    def flush(self) -> None:
        """Have it forget everything."""
        with socket.create_connection((HOST, self.port), timeout=READY_SECONDS) as connection:
            connection.sendall(self._flush)
            assert connection.recv(64).strip().endswith(b"OK")

    def freeze(self) -> None:
        """Stop it where it is: connections stay, and nothing is answered."""
        self._running.send_signal(signal.SIGSTOP)
        # It is stopped a moment later; until then it may still answer.
        stat = Path(f"/proc/{self._running.pid}/stat")
        while stat.read_text().rpartition(")")[2].split()[0] != "T":
            time.sleep(0.001)

    def thaw(self) -> None:
        """Let it go on."""
        self._running.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once. Does nothing when it has ended."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process


@contextmanager
def redis_server() -> Iterator[Server]:
    """Run a Redis; skip where there is none, fail there with CI=true."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        _missing("redis-server is missing: apt-get install redis-server")
    with _running(
        "redis",
        lambda port: [
            str(program),
            *("--bind", HOST, "--port", str(port), "--save", "", "--appendonly", "no"),
        ],
        b"FLUSHALL\r\n",
    ) as server:
        yield server


@contextmanager
def memcached_server() -> Iterator[Server]:
    """Run a Memcached; skip where there is none, fail there with CI=true."""
    program = shutil.which("memcached")
    if program is None:
        _missing("memcached is missing: apt-get install memcached")
    with _running(
        "memcached",
        # It refuses to run as root.
        lambda port: [str(program), "-l", HOST, "-p", str(port), "-U", "0", "-u", "nobody"],
        b"flush_all\r\n",
    ) as server:
        yield server


@contextmanager
def _running(scheme: str, command: Callable[[int], list[str]], flush: bytes) -> Iterator[Server]:
    server = Server(scheme, command, flush)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def _missing(told: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(told)
    pytest.skip(told)
