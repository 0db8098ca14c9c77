"""What the runtime raises.

TaskerError
└── ActorError
    ├── ActorStoppedError        the actor has ended and answers nothing
    ├── MailboxFullError         a message that may not wait found no room
    ├── AskTimeoutError          no answer came in time
    └── RestartLimitError        a child failed too often; escalated
"""

from __future__ import annotations

from tasker.stores.errors import TaskerError


class ActorError(TaskerError):
    """Root of what the runtime raises."""


class ActorStoppedError(ActorError):
    """The actor has ended; the message was not handled."""

    def __init__(self, *, actor: str) -> None:
        self.actor = actor
        super().__init__(f"actor {actor} has stopped and did not handle the message")


class MailboxFullError(ActorError):
    """A mailbox is full, and the sender would not wait."""

    def __init__(self, *, actor: str, capacity: int) -> None:
        self.actor = actor
        self.capacity = capacity
        super().__init__(f"the mailbox of actor {actor} is full ({capacity} messages)")


class AskTimeoutError(ActorError):
    """An actor did not answer in time. Whether it handles the message is unknown."""

    def __init__(self, *, actor: str, seconds: float) -> None:
        self.actor = actor
        self.seconds = seconds
        super().__init__(f"actor {actor} did not answer within {seconds:g} s")


class RestartLimitError(ActorError):
    """A child failed more often than its supervisor's intensity limit allows."""

    def __init__(self, *, actor: str, restarts: int, seconds: float) -> None:
        self.actor = actor
        self.restarts = restarts
        self.seconds = seconds
        super().__init__(
            f"actor {actor} failed more than {restarts} times within {seconds:g} s; "
            "its supervisor gives up"
        )
