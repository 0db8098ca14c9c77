"""How to call the ``tasker`` command from where an example runs."""

import os
import shutil
import sys
from pathlib import Path


def tasker_command() -> str:
    """Return ``tasker`` if the shell finds it, else the way to the one beside this Python."""
    if shutil.which("tasker"):
        return "tasker"
    script = Path(sys.executable).with_name("tasker")
    if script.exists():
        return os.path.relpath(script)
    return f"{sys.executable} -m tasker"
