"""A PgBouncer before a PostgreSQL of the tests, which pools by transaction."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.handlers.http_server import free_port
from tests.servers.postgres import NOBODY, PostgresServer

READY_SECONDS = 20.0
MISSING = "no PgBouncer: apt-get install pgbouncer"


@contextmanager
def transaction_pooler(server: PostgresServer) -> Iterator[int]:
    """Run one, and yield its port; skip the test where there is none, and fail it in CI."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    folder, port = Path(tempfile.mkdtemp(prefix="tasker-pgbouncer-", dir="/tmp")), free_port()
    (folder / "users.txt").write_text('"tasker" ""\n')
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n* = host=127.0.0.1 port={server.port}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = trust\nauth_file = {folder}/users.txt\n"
        "pool_mode = transaction\ndefault_pool_size = 8\n"
    )
    as_nobody: list[str] = []
    if os.getuid() == 0:
        shutil.chown(folder, NOBODY, NOBODY)
        as_nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*as_nobody, program, str(folder / "pgbouncer.ini")], stdout=log, stderr=log
        )
    try:
        deadline = time.monotonic() + READY_SECONDS
        while not _answers(port):
            if time.monotonic() > deadline or process.poll() is not None:
                raise AssertionError(f"PgBouncer did not start:\n{(folder / 'log').read_text()}")
            time.sleep(0.02)
        yield port
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
