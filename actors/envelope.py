"""A message that wants an answer, and the answer."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from tasker.actors.signal import Signal

A = TypeVar("A")


class Reply(Generic[A]):
    """A promise of one answer to one who waits: a value or an error. Only the first counts."""

    __slots__ = ("_answer", "_answered", "_error", "_waiter")

    def __init__(self) -> None:
        self._answered = False
        self._waiter: Signal | None = None
        self._answer: A | None = None
        self._error: BaseException | None = None

    @property
    def answered(self) -> bool:
        """Whether the answer has come."""
        return self._answered

    def set(self, answer: A) -> None:
        """Answer with a value."""
        if not self._answered:
            self._answer = answer
            self._answered_now()

    def fail(self, error: BaseException) -> None:
        """Answer with an error."""
        if not self._answered:
            self._error = error
            self._answered_now()

    def settle(self, error: BaseException | None) -> None:
        """Answer with an error, or with None when there is none."""
        if error is None:
            self.set(None)  # type: ignore[arg-type]
        else:
            self.fail(error)

    async def wait(self) -> A:
        """Return the answer, or raise the error."""
        while not self._answered:
            self._waiter = Signal()
            await self._waiter.wait()
        if self._error is not None:
            raise self._error
        return self._answer  # type: ignore[return-value]

    def _answered_now(self) -> None:
        self._answered = True
        if self._waiter is not None:
            self._waiter.set()


class Envelope:
    """A message on its way to an actor that is to answer it."""

    __slots__ = ("message", "reply")

    def __init__(self, message: Any) -> None:
        self.message = message
        self.reply: Reply[Any] = Reply()
