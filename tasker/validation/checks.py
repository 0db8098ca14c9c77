"""Checks one after the other, and the report of them: for every validator."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import anyio
from msgspec import Struct, field

from tasker.errors import TaskerError

POLL_SECONDS = 0.25


class Outcome(StrEnum):
    """How a check went. One is skipped when what it needs has failed."""

    PASS = "PASS"
    FAIL = "FAIL"
    SKIP = "SKIP"


class CheckFailedError(TaskerError):
    """A check has failed.

    Args:
        summary: What was found, in a line.
        cause: Why that is, as far as it can be told.
        remedy: What to do about it.
        details: More of what was found, a line each.
    """

    def __init__(
        self, summary: str, *, cause: str, remedy: str, details: Sequence[str] = ()
    ) -> None:
        self.summary = summary
        self.cause = cause
        self.remedy = remedy
        self.details = tuple(details)
        super().__init__(f"{summary}: {cause}; {remedy}")


class Finding(Struct, frozen=True, kw_only=True):
    """What a check that passed has found: a line, more lines, and facts for programs."""

    summary: str
    details: tuple[str, ...] = ()
    facts: dict[str, Any] = {}


class Step(Struct, frozen=True, kw_only=True):
    """A check to do, and the names of those that must have passed before."""

    name: str
    check: Callable[[], Awaitable[Finding]]
    needs: tuple[str, ...] = ()


class Check(Struct, frozen=True, kw_only=True):
    """A check that was done. ``cause`` and ``remedy`` are None unless it failed."""

    name: str
    outcome: Outcome
    summary: str
    cause: str | None = None
    remedy: str | None = None
    details: tuple[str, ...] = ()
    facts: dict[str, Any] = {}
    seconds: float = 0.0

    def lines(self, *, verbose: bool) -> Iterator[str]:
        """Yield what a person reads of it."""
        yield f"{self.outcome} {self.name}: {self.summary}"
        if self.cause is not None:
            yield f"     cause: {self.cause}"
        if self.remedy is not None:
            yield f"     remedy: {self.remedy}"
        if verbose:
            yield from (f"     {detail}" for detail in self.details)


class Report(Struct, frozen=True, kw_only=True):
    """All checks of a validation. ``passed`` is whether every one of them passed."""

    target: str
    url: str
    passed: bool
    checks: tuple[Check, ...]
    at: datetime
    seconds: float
    settings: dict[str, Any] = field(default_factory=dict)

    def check(self, name: str) -> Check:
        """Return a check by its name; KeyError when there is none."""
        for each in self.checks:
            if each.name == name:
                return each
        raise KeyError(name)

    def lines(self, *, verbose: bool = False) -> Iterator[str]:
        """Yield what a person reads: a line for each check, and the verdict."""
        for each in self.checks:
            yield from each.lines(verbose=verbose)
        passed = sum(each.outcome is Outcome.PASS for each in self.checks)
        verdict = "PASSED" if self.passed else "FAILED"
        yield f"{verdict}: {self.target} at {self.url}, {passed} of {len(self.checks)} checks"


async def run_checks(
    target: str, url: str, steps: Sequence[Step], *, settings: dict[str, Any] | None = None
) -> Report:
    """Do checks in their order and return the report; what a check raises else passes.

    Args:
        target: What is validated.
        url: Where it is.
        steps: The checks.
        settings: What they were done with, for the report.
    """
    at, began = datetime.now(UTC), time.monotonic()
    done: list[Check] = []
    failed: set[str] = set()
    for step in steps:
        missing = [name for name in step.needs if name in failed]
        check = _skipped(step, missing) if missing else await _done(step)
        if check.outcome is not Outcome.PASS:
            failed.add(step.name)
        done.append(check)
    return Report(
        target=target,
        url=url,
        passed=not failed,
        checks=tuple(done),
        at=at,
        seconds=round(time.monotonic() - began, 3),
        settings=settings or {},
    )


async def until(look: Callable[[], Awaitable[bool]], seconds: float) -> bool:
    """Look again and again; return whether it was there before the time was over."""
    deadline = time.monotonic() + seconds
    while not await look():
        if time.monotonic() >= deadline:
            return False
        await anyio.sleep(POLL_SECONDS)
    return True


async def _done(step: Step) -> Check:
    began = time.monotonic()
    try:
        found = await step.check()
    except CheckFailedError as failure:
        return Check(
            name=step.name,
            outcome=Outcome.FAIL,
            summary=failure.summary,
            cause=failure.cause,
            remedy=failure.remedy,
            details=failure.details,
            seconds=round(time.monotonic() - began, 3),
        )
    return Check(
        name=step.name,
        outcome=Outcome.PASS,
        summary=found.summary,
        details=found.details,
        facts=found.facts,
        seconds=round(time.monotonic() - began, 3),
    )


def _skipped(step: Step, missing: Sequence[str]) -> Check:
    return Check(
        name=step.name, outcome=Outcome.SKIP, summary=f"needs {' and '.join(missing)} to pass"
    )
