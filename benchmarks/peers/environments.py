"""A virtual environment for each peer, made when it is first asked for."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

from benchmarks.processes import ROOT

FOLDER = ROOT / ".benchmarks"
INSTALL_SECONDS = 900.0


class InstallError(Exception):
    """An environment cannot be made; its text is one line."""


def python_of(name: str) -> Path:
    """Return the interpreter of a peer's environment, made or not."""
    return FOLDER / name / "bin" / "python"


def make_environment(name: str, requirements: tuple[str, ...]) -> None:
    """Install a peer into its environment, unless this was done before.

    Raises:
        InstallError: It cannot be installed.
    """
    folder = FOLDER / name
    installed = folder / "installed.txt"
    wanted = "\n".join(requirements)
    if installed.exists() and installed.read_text() == wanted:
        return
    try:
        venv.create(folder, with_pip=True, clear=folder.exists())
        command = [str(python_of(name)), "-m", "pip", "install", "--quiet"]
        subprocess.run(
            [*command, "--disable-pip-version-check", *requirements],
            check=True,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
        )
    except subprocess.CalledProcessError as error:
        said = str(error.stderr or error).strip().splitlines()
        raise InstallError(f"it cannot be installed: {said[-1][:300]}") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise InstallError(f"it cannot be installed: {error}") from error
    installed.write_text(wanted)


def current_python() -> str:
    """Return the interpreter that runs the benchmarks."""
    return sys.executable
