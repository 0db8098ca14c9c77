"""Handlers that tests and worker processes find by name."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from tasker.errors import PermanentError, RetryableError
from tasker.handlers import Sequence, Step, StepHandler, Task


class Outer:
    class Inner(StepHandler):
        def process(self, task: Task, sequence: Sequence, step: Step) -> Any:
            return "inner"


class Doubles(StepHandler):
    def process(self, task: Task, sequence: Sequence, step: Step) -> Any:
        return {
            "doubled": task.context["number"] * 2,
            "factor": self.config["factor"],
            "before": sequence.results_of("before"),
            "attempt": step.attempt,
            "pid": os.getpid(),
        }


class WithoutProcess:
    def proces(self, task: Task, sequence: Sequence, step: Step) -> Any: ...


class WithFewParameters:
    def process(self, task: Task) -> Any: ...


NOT_A_HANDLER = 7


def plain(task: Task) -> Any:
    return {"thread": threading.current_thread() is threading.main_thread(), **task.context}


async def on_the_loop(task: Task) -> Any:
    return {"pid": os.getpid(), **task.context}


def generator(task: Task) -> Any:
    yield 1


def killed(task: Task) -> None:
    Path(task.context["pid_file"]).write_text(str(os.getpid()))
    os.kill(os.getpid(), signal.SIGKILL)


def exits(task: Task) -> None:
    os._exit(3)


def waits_for_ever(task: Task) -> None:
    Path(task.context["pid_file"]).write_text(str(os.getpid()))
    threading.Event().wait()


def refuses(task: Task, step: Step) -> None:
    step.results = {"tried": "once", "with": step.config["token"]}
    raise PermanentError(f"declined for {step.config['token']}", error_code="NO", context={"a": 1})


def busy() -> None:
    raise RetryableError("busy", retry_after=7)


def tells(task: Task) -> None:
    raise ValueError(task.context["heard"])


def leaves() -> None:
    sys.exit(2)


def prints() -> str:
    print("this must not disturb the replies")
    return "printed"


def returns_a_set_of_files() -> Any:
    return {"ok": 1, "file": Path("x").exists}
