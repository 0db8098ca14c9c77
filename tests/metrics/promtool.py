"""Programs of Debian's package prometheus, for tests that ask them."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

PROMTOOL = shutil.which("promtool")


def require_promtool():
    """Skip the test where promtool is missing; fail it where CI=true."""
    require_program("promtool")


def require_program(name: str):
    """Skip the test where a program is missing; fail it where CI=true."""
    if shutil.which(name) is None:
        told = f"{name} is missing: apt-get install prometheus"
        if os.environ.get("CI") == "true":
            pytest.fail(told)
        pytest.skip(told)


def promtool(*arguments: str, text: str | None = None) -> str:
    """Return what promtool has to say against something: nothing when it is content."""
    assert PROMTOOL is not None
    done = subprocess.run(
        [PROMTOOL, *arguments], input=text, capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 and not done.stderr.strip() else done.stdout + done.stderr
