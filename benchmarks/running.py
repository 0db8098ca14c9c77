"""Running a case: repeats in turn, each sample in a process of its own."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.case import Case, Contender, Sample, Settings
from benchmarks.child import Order
from benchmarks.processes import SampleError, take_sample
from benchmarks.results import CaseResult, case_result

Progress = Callable[[str], None]


class _Round:
    """The samples of a case as they come in. Who fails once is not asked again."""

    def __init__(self, name: str, case: Case, settings: Settings, folder: Path) -> None:
        self.name = name
        self.case = case
        self.settings = settings
        self.samples: dict[str, dict[int, Sample]] = {}
        self.failures: dict[str, str] = {}
        self._folder = folder

    def enter(self, contender: Contender) -> None:
        """Make a contender ready."""
        self.samples[contender.name] = {}
        self._directory(contender).mkdir()
        if self.case.make_ready is not None:
            reason = self.case.make_ready(contender, self.settings)
            if reason is not None:
                self.failures[contender.name] = reason
                return
        if self.case.prepare is not None and contender.module is None:
            self._take(contender, repeat=0, prepare=True)

    def take(self, contender: Contender, repeat: int) -> None:
        """Take a sample of a contender that has not failed yet."""
        if contender.name not in self.failures:
            sample = self._take(contender, repeat, prepare=False)
            if sample is not None:
                self.samples[contender.name][repeat] = sample

    def _take(self, contender: Contender, repeat: int, *, prepare: bool) -> Sample | None:
        order = Order(
            case=self.name,
            contender=contender,
            settings=self.settings,
            directory=str(self._directory(contender)),
            answer="",
            repeat=repeat,
            prepare=prepare,
        )
        try:
            return take_sample(order, seconds=self.case.sample_seconds)
        except SampleError as error:
            self.failures[contender.name] = str(error)
            return None

    def _directory(self, contender: Contender) -> Path:
        name = "".join(letter if letter.isalnum() else "-" for letter in contender.name)
        return self._folder / name


def run_case(
    name: str, case: Case, settings: Settings, *, directory: Path | None, progress: Progress
) -> CaseResult:
    """Return the answer to a case's question.

    Contenders take turns, A B A B, so that a disturbance of the machine hits all
    of them. ``directory`` is where data is kept meanwhile, the system's temporary
    one when None.
    """
    began = time.monotonic()
    contenders = list(case.contenders(settings))
    repeats = settings.repeats if case.repeats is None else min(case.repeats, settings.repeats)
    with tempfile.TemporaryDirectory(prefix="tasker-bench-", dir=directory) as folder:
        rounds = _Round(name, case, settings, Path(folder))
        for contender in contenders:
            progress(f"{name}: making {contender.name} ready")
            rounds.enter(contender)
        for repeat in range(repeats):
            for contender in contenders:
                progress(f"{name}: {contender.name}, {repeat + 1} of {repeats}")
                rounds.take(contender, repeat)
    return case_result(
        name,
        case,
        settings,
        contenders=contenders,
        samples=rounds.samples,
        failures=rounds.failures,
        seconds=time.monotonic() - began,
    )
