"""The cases by name."""

from __future__ import annotations

import importlib
from pathlib import Path

from benchmarks.case import Case

_FOLDER = Path(__file__).parent / "cases"
ORDER = (
    *("diamond", "chain", "fanout", "latency", "concurrency", "plain", "budget"),
    *("mailbox", "journal", "advance", "codec", "analysis", "subscribers"),
    *(
        "live",
        "import",
        "cli",
        "recovery",
        "waiting",
        "growth",
        "statistics",
        "telemetry",
        "serve",
        "peers",
    ),
)


def load_case(name: str) -> Case:
    """Return a case; ValueError when there is none of that name."""
    if name not in ORDER:
        raise ValueError(f"no case {name!r}; there are: {', '.join(ORDER)}")
    # `import` is a word of the language, so its module cannot have the bare name.
    module = "import_time" if name == "import" else name
    found = importlib.import_module(f"benchmarks.cases.{module}")
    case: Case = found.CASE
    return case


def modules() -> set[str]:
    """Return the names of the modules that are there, for a test to compare."""
    return {path.stem for path in _FOLDER.glob("*.py") if path.stem != "__init__"}
