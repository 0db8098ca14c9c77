"""Samples taken in processes of their own, and ended with all that they started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import msgspec

from benchmarks.case import Sample
from benchmarks.child import Order

LOOK_SECONDS = 0.01
ROOT = Path(__file__).resolve().parents[1]


class SampleError(Exception):
    """A sample could not be taken; its text is one line."""


def take_sample(order: Order, *, seconds: float) -> Sample:
    """Run an order in a process of its own and return what it measured.

    Raises:
        SampleError: It failed, took too long, or answered nothing.
    """
    contender = order.contender
    with tempfile.TemporaryDirectory(prefix="tasker-order-") as folder:
        answer, request = Path(folder, "answer.json"), Path(folder, "order.json")
        request.write_bytes(msgspec.json.encode(msgspec.structs.replace(order, answer=str(answer))))
        command = [contender.python or sys.executable, "-m"]
        command += [contender.module or "benchmarks.child", str(request)]
        _run(command, seconds)
        try:
            return msgspec.json.decode(answer.read_bytes(), type=Sample)
        except (OSError, msgspec.DecodeError) as error:
            raise SampleError(f"it gave no answer: {error}") from error


def _run(command: list[str], seconds: float) -> None:
    # Output goes to a file: servers that outlive the process would keep a pipe open.
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            ended = _ends_within(process, seconds)
        finally:
            # Before the leader is reaped: until then nobody else can have its number.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            code = process.wait()
        if not ended:
            raise SampleError(f"it took longer than {seconds:g} s")
        if code != 0:
            output.seek(0)
            raise SampleError(_last_line(output.read().decode(errors="replace"), code))


def _ends_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Return whether a process ends in time, without reaping it."""
    until = time.monotonic() + seconds
    look = os.WEXITED | os.WNOHANG | os.WNOWAIT
    while os.waitid(os.P_PID, process.pid, look) is None:
        if time.monotonic() > until:
            return False
        time.sleep(LOOK_SECONDS)
    return True


def _environment() -> dict[str, str]:
    path = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{path}" if path else str(ROOT)}


def _last_line(output: str, code: int) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip(" |+-")]
    return f"exit {code}: {lines[-1][:300]}" if lines else f"exit {code}, without a word"
