"""What the benchmarked server runs: ``tasker serve --app benchmarks.served:workflows``."""

from __future__ import annotations

from benchmarks.shapes import NAMESPACE, definition
from tasker.definitions.python import define
from tasker.errors import PermanentError


async def refuse() -> None:
    """Fail for good: what watchers wait for."""
    raise PermanentError("refused")


failing = define("failing", namespace=NAMESPACE)
failing.add_step("refuse", refuse)

workflows = [definition("one", {"a": ()}), failing]
