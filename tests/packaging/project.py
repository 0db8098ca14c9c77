"""Where the project's parts are, and what `pyproject.toml` says of them."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())

# Folder at the top level, and the name that it installs as.
ROOMS = {"tasker": "tasker", "actors": "tasker.actors", "stores": "tasker.stores"}


def our_files(pattern: str) -> Iterator[tuple[str, Path]]:
    """Yield the dotted folder and path of each file in the three rooms. `**` follows no links.

    `actors/workflow/retry.py` comes as `tasker.actors.workflow`.
    """
    for folder, package in ROOMS.items():
        for path in sorted((ROOT / folder).glob(f"**/{pattern}")):
            inside = path.parent.relative_to(ROOT / folder)
            yield ".".join([package, *inside.parts]), path
