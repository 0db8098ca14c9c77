"""An actor: one mailbox, one message at a time, a beginning and an end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from tasker.actors.envelope import Envelope
from tasker.actors.errors import ActorStoppedError
from tasker.actors.mailbox import Mailbox, MailboxStatistics
from tasker.actors.ref import ActorRef


class Supervised:
    """What a supervisor runs: `run`, then `teardown`, then `close`, whatever ended it."""

    __slots__ = ("_name",)

    cancelled_once: ClassVar[bool] = False
    """Whether cancelling it raises `CancelledError` in it once, as asyncio does, and not
    at every await until it ends, as anyio does. Then what it awaits to clean up is done.
    Only for what is never started again."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def name(self) -> str:
        """What the tree and errors call it."""
        return self._name

    async def run(self) -> None:
        """Live: called by the supervisor, once for each start."""
        raise NotImplementedError

    async def teardown(self) -> None:
        """Let go of what takes waiting. Runs shielded from cancellation."""

    def close(self) -> None:
        """Let go of the rest, at once; called when there is no further start."""

    def mailbox_statistics(self) -> MailboxStatistics | None:
        """Return how its mailbox stands, None for one that has no mailbox."""
        return None


class Actor(Supervised):
    """Base of all that take messages. Subclasses handle them in `receive`.

    Its life: `setup`, then `receive` for each message, then `teardown`, whatever
    ended it. An error from `receive` goes to the asker if there is one, and the
    actor lives on; otherwise it ends the actor, and its supervisor decides.
    """

    __slots__ = ("mailbox", "ref", "stopping")

    mailbox_capacity: ClassVar[int] = 1_000
    batch_limit: ClassVar[int] = 1
    """How many waiting messages `receive_batch` gets at once."""

    def __init__(self, name: str, *, capacity: int | None = None) -> None:
        super().__init__(name)
        self.mailbox: Mailbox[Any] = Mailbox(name, capacity or self.mailbox_capacity)
        self.ref = ActorRef(name, self.mailbox)
        self.stopping = False

    async def setup(self) -> None:
        """Prepare; an error here counts as a failure of the actor."""

    async def receive(self, message: Any) -> Any:
        """Handle one message; what it returns answers an ask."""
        raise NotImplementedError

    def stop(self) -> None:
        """End after the message that is being handled."""
        self.stopping = True

    async def receive_batch(self, messages: Sequence[Any]) -> None:
        """Handle the messages that were waiting; by default one after the other."""
        try:
            for message in messages:
                if isinstance(message, Envelope):
                    await self._answer(message)
                else:
                    await self.receive(message)
        finally:
            self.refuse(messages)

    async def _answer(self, envelope: Envelope) -> None:
        try:
            envelope.reply.set(await self.receive(envelope.message))
        except Exception as error:
            envelope.reply.fail(error)

    async def run(self) -> None:
        """Live: called by the supervisor, once for each start."""
        await self.setup()
        while not self.stopping:
            await self.receive_batch(await self.mailbox.get_batch(self.batch_limit))

    def close(self) -> None:
        """Refuse further messages; those that wait for an answer are told."""
        self.refuse(self.mailbox.close())

    def mailbox_statistics(self) -> MailboxStatistics | None:
        """Return how its mailbox stands."""
        return self.mailbox.statistics()

    def refuse(self, messages: Sequence[Any]) -> None:
        """Tell those that still wait for an answer to these that none will come."""
        for message in messages:
            if isinstance(message, Envelope):
                message.reply.fail(ActorStoppedError(actor=self.name))
