"""A message that wants an answer, and the answer."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import anyio

A = TypeVar("A")


class Reply(Generic[A]):
    """A promise of one answer: a value or an error. Only the first counts."""

    __slots__ = ("_answer", "_error", "_event")

    def __init__(self) -> None:
        self._event = anyio.Event()
        self._answer: A | None = None
        self._error: BaseException | None = None

    @property
    def answered(self) -> bool:
        """Whether the answer has come."""
        return self._event.is_set()

    def set(self, answer: A) -> None:
        """Answer with a value."""
        if not self._event.is_set():
            self._answer = answer
            self._event.set()

    def fail(self, error: BaseException) -> None:
        """Answer with an error."""
        if not self._event.is_set():
            self._error = error
            self._event.set()

    def settle(self, error: BaseException | None) -> None:
        """Answer with an error, or with None when there is none."""
        if error is None:
            self.set(None)  # type: ignore[arg-type]
        else:
            self.fail(error)

    async def wait(self) -> A:
        """Return the answer, or raise the error."""
        await self._event.wait()
        if self._error is not None:
            raise self._error
        return self._answer  # type: ignore[return-value]


class Envelope:
    """A message on its way to an actor that is to answer it."""

    __slots__ = ("message", "reply")

    def __init__(self, message: Any) -> None:
        self.message = message
        self.reply: Reply[Any] = Reply()
