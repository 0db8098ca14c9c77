"""The examples as a user runs them: a command, in a directory of its own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run_example(
    name: str, *arguments: str, directory: Path, exits: int = 0
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m examples.NAME`` to its end and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", f"examples.{name}", *arguments],
        cwd=directory,
        env=environment(),
        check=False,
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert done.returncode == exits, done.stdout + done.stderr
    return done


def kill_example_at(text: str, name: str, *arguments: str, directory: Path) -> None:
    """Run an example, and kill it once it has printed a line that holds a text."""
    command = [sys.executable, "-m", f"examples.{name}", *arguments]
    with subprocess.Popen(
        command, cwd=directory, env=environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        printed = any(text in line for line in process.stdout)
        process.kill()
    assert printed, f"it ended without printing {text!r}"


def environment() -> dict[str, str]:
    """Return this process's variables, without those that change an example."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TASKER_")}
    return kept | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"}
