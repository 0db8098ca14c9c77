"""The command, in this process and as a process of its own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasker.cli.app import run

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 20.0
STORE = "sqlite:///tasker.db"
PLACES = ("TASKER_STORE", "TASKER_SERVER", "TASKER_TOKEN")


@dataclass
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.err)["error"]
        return found


def environment() -> dict[str, str]:
    variables = {name: value for name, value in os.environ.items() if name not in PLACES}
    return variables | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": ""}


def spawn(*arguments: object, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tasker", *map(str, arguments)],
        env=environment(),
        text=True,
        encoding="utf-8",
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options,
    )


def process(*arguments: object, **options: Any) -> Said:
    """Run the command in a process of its own, to its end."""
    child = spawn(*arguments, **options)
    out, err = child.communicate(timeout=PATIENCE_SECONDS)
    return Said(child.returncode, out, err)


@contextmanager
def running(*arguments: object, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """Have the command run in a process of its own meanwhile."""
    child = spawn(*arguments, **options)
    try:
        yield child
    finally:
        if child.poll() is None:
            child.kill()
        child.communicate()


def read_until(child: subprocess.Popen[str], text: str) -> str:
    """Return the output up to the line that holds the text."""
    assert child.stdout is not None
    seen = ""
    for line in child.stdout:
        seen += line
        if text in line:
            return seen
    raise AssertionError(f"{text!r} was never printed: {seen}{child.communicate()[1]}")


def eventually(condition: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> Any:
    """Return what the condition returns once it is true."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(0.02)
    return found


class Here:
    """Runs the command in this process, in the current directory.

    With ``served`` a server that runs nothing stands between the command and the store; a
    task that is to run goes to the store past it.
    """

    def __init__(self, capsys: Any, *, served: bool = False) -> None:
        self._capsys = capsys
        self.served = served

    def __call__(self, *arguments: object) -> Said:
        self._capsys.readouterr()
        if self.served and arguments[0] == "run" and "--store" not in arguments:
            arguments = (*arguments, "--store", STORE)
        code = run([str(argument) for argument in arguments])
        captured = self._capsys.readouterr()
        return Said(code, captured.out, captured.err)
