"""How others speak to an actor."""

from __future__ import annotations

from typing import Any

import anyio

from tasker.actors.envelope import Envelope
from tasker.actors.errors import AskTimeoutError
from tasker.actors.mailbox import Mailbox


class ActorRef:
    """An actor's address. It stays good across restarts of the actor."""

    __slots__ = ("_mailbox", "name")

    def __init__(self, name: str, mailbox: Mailbox[Any]) -> None:
        self.name = name
        self._mailbox = mailbox

    def tell_nowait(self, message: Any) -> None:
        """Send a message; raises `MailboxFullError` or `ActorStoppedError`.

        An error while the actor handles it goes to the actor's supervisor.
        """
        self._mailbox.put_nowait(message)

    async def tell(self, message: Any) -> None:
        """Send a message, waiting for room; raises `ActorStoppedError`."""
        await self._mailbox.put(message)

    async def ask(self, message: Any, *, timeout_seconds: float | None = None) -> Any:
        """Send a message and return the answer.

        An error while the actor handles it is raised here, and the actor lives
        on. Raises `ActorStoppedError` when the actor ends first, and
        `AskTimeoutError` after ``timeout_seconds``; None waits for ever.
        """
        envelope = Envelope(message)
        if timeout_seconds is None:
            await self._mailbox.put(envelope)
            return await envelope.reply.wait()
        with anyio.move_on_after(timeout_seconds):
            await self._mailbox.put(envelope)
            return await envelope.reply.wait()
        raise AskTimeoutError(actor=self.name, seconds=timeout_seconds)

    def __repr__(self) -> str:
        return f"<ActorRef {self.name}>"
