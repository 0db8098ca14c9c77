"""For tests of what runs on Tasker: engines without waiting, handlers without engines.

    async def test_checkout():
        task = await run_task(checkout, context={"cart": 7})
        assert task.state == "complete"

Everything here is async and knows no test framework: use it from whichever runs
``async def`` tests for you.
"""

from tasker.testing.captured import CapturedEvents
from tasker.testing.clock import JumpClock, ManualClock
from tasker.testing.engine import CapturingEngine, run_task, testing_engine
from tasker.testing.handlers import HandlerRun, attempt_handler, run_handler

__all__ = [
    "CapturedEvents",
    "CapturingEngine",
    "HandlerRun",
    "JumpClock",
    "ManualClock",
    "attempt_handler",
    "run_handler",
    "run_task",
    "testing_engine",
]
