"""Files between steps: a result says where the data are, and is not the data.

Every file appears whole or not at all, and a step that runs again writes the same
file again, so its attempts never see each other's halves.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def write_text(file: Path, text: str) -> str:
    """Write a file and return its path."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)
    return str(file)


def write_json(file: Path, data: Any) -> str:
    """Write JSON and return the file's path."""
    return write_text(file, json.dumps(data, indent=1, ensure_ascii=False) + "\n")


def read_json(file: str) -> Any:
    """Return what a file holds."""
    return json.loads(Path(file).read_text(encoding="utf-8"))
