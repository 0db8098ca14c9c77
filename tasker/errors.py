"""Every error of Tasker.

TaskerError
├── StoreError …                    see tasker.stores.errors
├── CacheError …                    a cache cannot be used; see tasker.stores.errors
├── StaleFenceError                 the writer is no longer elected
├── DefinitionError                 a definition is wrong; all its problems at once
├── RegistrationError               root of what the registry refuses
│   ├── DefinitionConflictError     two sources for one namespace, name and version
│   ├── HandlerError                a handler cannot be found, or lacks process
│   ├── EventNameError              a custom event's name is refused, or names no event
│   └── SubscriberError             a subscriber cannot hear what it asks for
├── UnknownDefinitionError          nothing is registered under that name
├── InvalidRequestError             a task request is refused
│   ├── ContextValidationError      its context does not fit the schema
│   └── BypassError                 a step that may not be bypassed
├── DuplicateTaskError              a task with this identity exists
├── UnknownTaskError                no task has this id
├── UnknownSubscriptionError        no durable subscription has this name
├── UnknownStepError                the task has no such step
├── InvalidTransitionError          the state machine has no such arrow
├── InvalidOperationError           the operation is not legal in that state
├── TaskChangedError                the task is not as the caller last saw it
├── TaskFailedError                 a task ended otherwise than complete
├── EngineClosedError               the engine takes no work any more
├── ExporterError                   metrics cannot be exported so; see tasker.telemetry
├── WebhookError                    a webhook is not signed as it has to be
├── ClientError                     no answer of a server; see tasker.client.errors
├── ServerError                     the server refuses it; see tasker.server.errors
├── NoAnswerError                   the engine that works the store did not answer in time
├── MissingExtraError               an optional package is not installed
├── RetryableError                  raised by handlers: try again
└── PermanentError                  raised by handlers: no retry can help
    ├── UndeclaredEventError        an event was published that nobody declared
    └── SubscriptionGoneError       raised by durable subscribers: deliver no more
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tasker.actors.workflow.errors import (
    InvalidOperationError,
    InvalidTransitionError,
    TaskChangedError,
    UnknownStepError,
)
from tasker.stores.errors import (
    AppendConflictError,
    CacheCapabilityError,
    CacheError,
    CacheUnavailableError,
    CacheUrlError,
    DuplicateIdentityError,
    EncodingError,
    LeaseLostError,
    MissingExtraError,
    NotHereError,
    SizeLimitError,
    StaleFenceError,
    StaleLeaseError,
    StoreClosedError,
    StoreError,
    StoreInUseError,
    StoreMissingError,
    StoreUnavailableError,
    StoreUrlError,
    StoreVersionError,
    TaskerError,
    TransactionError,
)

__all__ = [
    "AppendConflictError",
    "BypassError",
    "CacheCapabilityError",
    "CacheError",
    "CacheUnavailableError",
    "CacheUrlError",
    "ContextValidationError",
    "DefinitionConflictError",
    "DefinitionError",
    "DuplicateIdentityError",
    "DuplicateTaskError",
    "EncodingError",
    "EngineClosedError",
    "EventNameError",
    "HandlerError",
    "InvalidOperationError",
    "InvalidRequestError",
    "InvalidTransitionError",
    "LeaseLostError",
    "MissingExtraError",
    "NoAnswerError",
    "NotHereError",
    "PermanentError",
    "Problem",
    "RegistrationError",
    "RetryableError",
    "SizeLimitError",
    "StaleFenceError",
    "StaleLeaseError",
    "StoreClosedError",
    "StoreError",
    "StoreInUseError",
    "StoreMissingError",
    "StoreUnavailableError",
    "StoreUrlError",
    "StoreVersionError",
    "SubscriberError",
    "SubscriptionGoneError",
    "TaskChangedError",
    "TaskFailedError",
    "TaskerError",
    "TransactionError",
    "UndeclaredEventError",
    "UnknownDefinitionError",
    "UnknownStepError",
    "UnknownSubscriptionError",
    "UnknownTaskError",
    "WebhookError",
]


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong in a definition.

    ``where`` is the file, or ``module:name`` of a definition made in Python;
    ``line`` counts from 1, None when there is none; ``key`` is the path of the key,
    as in ``step_templates[2].depends_on_step``; ``remedy`` says what to do. ``step``
    is the name of the step that it stands in, None elsewhere.
    """

    where: str
    line: int | None
    key: str
    message: str
    remedy: str
    step: str | None = None

    def __str__(self) -> str:
        place = self.where if self.line is None else f"{self.where}:{self.line}"
        key = f" {self._key_with_step()}:" if self.key else ""
        return f"{place}:{key} {self.message}; {self.remedy}"

    def _key_with_step(self) -> str:
        if self.step is None:
            return self.key
        head, bracket, rest = self.key.partition("]")
        return f"{head}{bracket} ({self.step}){rest}"


class DefinitionError(TaskerError):
    """A definition, or several, cannot be used. ``problems`` holds every reason."""

    def __init__(self, *, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        head = "1 problem" if count == 1 else f"{count} problems"
        super().__init__("\n".join([f"{head} in definitions:", *(f"  {p}" for p in self.problems)]))


class RegistrationError(TaskerError):
    """The registry refuses a definition or handler."""


class DefinitionConflictError(RegistrationError):
    """Two different definitions claim one namespace, name and version."""

    def __init__(self, *, full_name: str, existing: str, incoming: str) -> None:
        self.full_name = full_name
        self.existing = existing
        self.incoming = incoming
        super().__init__(
            f"{full_name} is already registered from {existing}; {incoming} defines it "
            "differently. Give one of them another version, or register with replace=True"
        )


class HandlerError(RegistrationError):
    """A handler cannot be found, or does not do what a handler must.

    ``remedy`` says what to do, None where ``reason`` says it or nothing is known.
    """

    def __init__(self, *, handler: str, reason: str, remedy: str | None = None) -> None:
        self.handler = handler
        self.reason = reason
        self.remedy = remedy
        super().__init__(f"handler {handler!r}: {reason}")


class EventNameError(RegistrationError):
    """A custom event cannot have this name, or no event has it. ``remedy`` says what to do."""

    def __init__(self, *, event: str, reason: str, remedy: str) -> None:
        self.event = event
        self.reason = reason
        self.remedy = remedy
        super().__init__(f"the event {event!r} {reason}; {remedy}")


class SubscriberError(RegistrationError):
    """A subscriber is refused: ``reason`` says why, ``where`` in which file and line, if in one."""

    def __init__(self, *, subscriber: str, reason: str, where: str | None = None) -> None:
        self.subscriber = subscriber
        self.reason = reason
        self.where = where
        place = "" if where is None else f"{where}: "
        super().__init__(f"{place}subscriber {subscriber!r}: {reason}")


class UnknownDefinitionError(TaskerError):
    """Nothing is registered under that namespace, name and version."""

    def __init__(
        self,
        *,
        namespace: str,
        name: str,
        version: str | None,
        known: Sequence[str],
        only_prereleases: bool = False,
    ) -> None:
        self.namespace = namespace
        self.name = name
        self.version = version
        self.known = tuple(known)
        self.only_prereleases = only_prereleases
        wanted = f"{namespace}.{name}" + (f"@{version}" if version else "")
        hint = f"known: {', '.join(self.known)}" if self.known else "nothing is registered"
        if only_prereleases:
            hint = f"it has pre-releases only, ask for one by its version; {hint}"
        super().__init__(f"no definition {wanted}; {hint}")


class InvalidRequestError(TaskerError):
    """A task request is refused; nothing was written."""


class ContextValidationError(InvalidRequestError):
    """A context does not fit the definition's schema.

    ``violations`` holds (path, message) pairs; the path is a JSON pointer.
    """

    def __init__(self, *, definition: str, violations: Sequence[tuple[str, str]]) -> None:
        self.definition = definition
        self.violations = tuple(violations)
        lines = "; ".join(f"{path or '/'}: {message}" for path, message in self.violations)
        super().__init__(f"the context does not fit the schema of {definition}: {lines}")


class BypassError(InvalidRequestError):
    """A request bypasses a step that is unknown or not skippable."""

    def __init__(self, *, definition: str, step: str, reason: str) -> None:
        self.definition = definition
        self.step = step
        self.reason = reason
        super().__init__(f"cannot bypass step {step!r} of {definition}: {reason}")


class DuplicateTaskError(TaskerError):
    """A task with this identity exists; ``task_id`` is its id."""

    def __init__(self, *, task_id: str, identity: str) -> None:
        self.task_id = task_id
        self.identity = identity
        super().__init__(f"a task with identity {identity!r} exists: {task_id}")


class UnknownTaskError(TaskerError):
    """No task has this id."""

    def __init__(self, *, task_id: str) -> None:
        self.task_id = task_id
        super().__init__(f"no task {task_id}; list the tasks to find its id")


class UnknownSubscriptionError(TaskerError):
    """The store has no durable subscription of this name."""

    def __init__(self, *, subscription: str, known: Sequence[str]) -> None:
        self.subscription = subscription
        self.known = tuple(known)
        has = f"it has {', '.join(self.known)}" if self.known else "it has none"
        super().__init__(f"the store has no subscription {subscription!r}; {has}")


class TaskFailedError(TaskerError):
    """A task ended otherwise than complete; ``errors`` maps failed steps to messages."""

    def __init__(self, *, task_id: str, state: str, errors: Mapping[str, str]) -> None:
        self.task_id = task_id
        self.state = state
        self.errors = dict(errors)
        detail = "; ".join(f"{step}: {message}" for step, message in self.errors.items())
        super().__init__(f"task {task_id} ended as {state}" + (f": {detail}" if detail else ""))


class EngineClosedError(TaskerError):
    """The engine is not open, or is draining, and takes no work."""

    def __init__(self, *, operation: str) -> None:
        self.operation = operation
        super().__init__(f"cannot {operation}: the engine is closed or shutting down")


class WebhookError(TaskerError):
    """A request is no webhook of the sender: its signature, or its time, is not right.

    ``reason`` says what is wrong, without any of the secrets.
    """

    def __init__(self, *, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the webhook is refused: {reason}")


class NoAnswerError(TaskerError):
    """The engine that works the store did not answer in time; it may still do what was asked."""

    def __init__(self, *, url: str, timeout_seconds: float) -> None:
        self.url = url
        self.timeout_seconds = timeout_seconds
        super().__init__(
            f"the engine that works {url} did not answer within {timeout_seconds:g} s; "
            "it will do the operation when it gets to it"
        )


class RetryableError(TaskerError):
    """Raise in a handler: the attempt failed, and another one may succeed.

    Args:
        message: What went wrong.
        retry_after: Seconds to wait before the next attempt, or None for the
            backoff of the step. Capped at ``max_backoff_seconds``.
        error_code: A code for programs to tell causes apart, or None.
        context: Facts to keep with the error, as JSON.
    """

    def __init__(
        self,
        message: str = "",
        *,
        retry_after: float | None = None,
        error_code: str | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> None:
        self.retry_after = retry_after
        self.error_code = error_code
        self.context = dict(context or {})
        super().__init__(message)


class PermanentError(TaskerError):
    """Raise in a handler: the attempt failed, and no retry can help.

    Args:
        message: What went wrong.
        error_code: A code for programs to tell causes apart, or None.
        context: Facts to keep with the error, as JSON.
    """

    def __init__(
        self,
        message: str = "",
        *,
        error_code: str | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> None:
        self.error_code = error_code
        self.context = dict(context or {})
        super().__init__(message)


class UndeclaredEventError(PermanentError):
    """A handler published an event that neither its step, its task nor the engine knows."""

    def __init__(self, *, event: str, step: str, known: Sequence[str]) -> None:
        self.event = event
        self.step = step
        self.known = tuple(known)
        hint = f"known: {', '.join(self.known)}" if self.known else "it declares none"
        super().__init__(
            f"step {step!r} published the event {event!r}, which it does not declare ({hint}); "
            "add it to custom_events"
        )


class SubscriptionGoneError(PermanentError):
    """Raise in a durable subscriber: whoever it tells is gone for good.

    The subscription is suspended; what it has not delivered waits until it is resumed.
    """
