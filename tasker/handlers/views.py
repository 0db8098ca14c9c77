"""What a handler sees of a task: read-only, made for one attempt, decoded when asked for.

Contexts and results are decoded anew for every attempt, so that what a handler
does to them stays with it. Setting results is the one thing that is kept.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tasker.handlers.configuration import copied
from tasker.handlers.publishing import Outbox, Publishing
from tasker.stores.records import ErrorRecord, StepRecord, TaskRecord

if TYPE_CHECKING:
    from tasker.actors.workflow.plan import StepPlan

_decode = msgspec.json.decode
_encode = msgspec.json.Encoder().encode
_UNREAD: Final[Any] = object()


class Task:
    """The task that an attempt belongs to."""

    __slots__ = ("_annotations", "_context", "_record", "_state")

    def __init__(self, record: TaskRecord, state: str) -> None:
        self._record = record
        self._state = state
        self._context: Any = _UNREAD
        self._annotations: list[tuple[str, Any]] | None = None

    @property
    def task_id(self) -> str:
        """The task's id."""
        return self._record.task_id

    @property
    def namespace(self) -> str:
        """The namespace of its definition."""
        return self._record.namespace

    @property
    def name(self) -> str:
        """The name of its definition."""
        return self._record.name

    @property
    def version(self) -> str:
        """The version of its definition."""
        return self._record.version

    @property
    def context(self) -> dict[str, Any]:
        """What the task was submitted with. Changing it changes this attempt's copy only."""
        if self._context is _UNREAD:
            self._context = _decode(self._record.context)
        return self._context  # type: ignore[no-any-return]

    @property
    def state(self) -> str:
        """The task's state as the attempt began."""
        return self._state

    @property
    def priority(self) -> int:
        """Higher goes first."""
        return self._record.priority

    @property
    def initiator(self) -> str:
        """Who asked for it."""
        return self._record.initiator

    @property
    def source_system(self) -> str:
        """From which system it came."""
        return self._record.source_system

    @property
    def reason(self) -> str:
        """Why it was asked for."""
        return self._record.reason

    @property
    def tags(self) -> tuple[str, ...]:
        """Its tags."""
        return self._record.tags

    @property
    def bypass_steps(self) -> tuple[str, ...]:
        """The steps that the request asked to leave out."""
        return self._record.bypass_steps

    @property
    def correlation_id(self) -> str | None:
        """What joins it with what caused it; None for one from before there were any."""
        return self._record.correlation_id

    @property
    def requested_at(self) -> datetime:
        """When it was asked for, in UTC."""
        return datetime.fromtimestamp(self._record.requested_at, UTC)

    @property
    def created_at(self) -> datetime:
        """When it was recorded, in UTC."""
        return datetime.fromtimestamp(self._record.created_at, UTC)

    def annotate(self, type: str, annotation: Mapping[str, Any]) -> None:
        """Note something on the task. For `TaskHandler.update_annotations` alone.

        Raises:
            RuntimeError: It was called from elsewhere, where it would be lost.
        """
        if self._annotations is None:
            raise RuntimeError("task.annotate works in TaskHandler.update_annotations alone")
        self._annotations.append((type, annotation))

    def __repr__(self) -> str:
        return f"<Task {self.task_id} {self.namespace}.{self.name}@{self.version} {self.state}>"


class Step:
    """One step of the task, as it stood when it was looked at."""

    __slots__ = (
        "_attempt",
        "_by_hand",
        "_config",
        "_events",
        "_inputs",
        "_plan",
        "_publishing",
        "_record",
        "_results",
        "_task",
        "outbox",
    )

    def __init__(
        self,
        *,
        task: Task,
        plan: StepPlan,
        record: StepRecord,
        attempt: int = 0,
        config: Mapping[str, Any] | None = None,
        events: Collection[str] = (),
        publishing: Publishing | None = None,
    ) -> None:
        self._task = task
        self._events = events
        self._publishing = publishing
        self.outbox: Outbox | None = None
        self._plan = plan
        self._record = record
        self._attempt = attempt
        self._config: Any = config
        self._inputs: Any = _UNREAD
        self._results: Any = _UNREAD
        self._by_hand = False

    @property
    def name(self) -> str:
        """The step's name."""
        return self._record.name

    @property
    def task_id(self) -> str:
        """The task's id."""
        return self._task.task_id

    @property
    def idempotency_key(self) -> str:
        """The same text for every attempt of this step of this task, and for no other.

        Give it to whatever the step changes, so that a second attempt changes
        nothing twice.
        """
        return f"{self._task.task_id}/{self._record.name}"

    @property
    def state(self) -> str:
        """The step's state."""
        return self._record.state

    @property
    def attempt(self) -> int:
        """The attempt that is running, counted from 1; 0 for a step that is not this one."""
        return self._attempt

    @property
    def attempts(self) -> int:
        """How many attempts were begun, this one included."""
        return max(self._record.attempts, self._attempt)

    @property
    def retry_limit(self) -> int:
        """How many attempts there may be."""
        own = self._record.retry_limit
        return self._plan.retry_limit if own is None else own

    @property
    def retryable(self) -> bool:
        """Whether a failed attempt may be followed by another."""
        return self._plan.retryable

    @property
    def skippable(self) -> bool:
        """Whether a request may bypass the step."""
        return self._plan.skippable

    @property
    def error(self) -> ErrorRecord | None:
        """Why the attempt before this one failed, or None."""
        return self._record.error

    @property
    def inputs(self) -> Any:
        """The inputs given to this step alone, else the task's context."""
        if self._record.inputs is None:
            return self._task.context
        if self._inputs is _UNREAD:
            self._inputs = _decode(self._record.inputs)
        return self._inputs

    @property
    def config(self) -> dict[str, Any]:
        """The step's own ``handler_config``, placeholders filled in; a copy of its own.

        Empty for every step but the one that is running.
        """
        if not isinstance(self._config, _Own):
            self._config = _Own(copied(self._config or {}))
        return self._config

    @property
    def results(self) -> Any:
        """The step's results.

        A handler may set its own step's, or change them in place; then they are
        kept, whatever it returns, and even when it raises. On the step that is
        running they start as what an earlier attempt left, or an empty dict.

        Raises:
            AttributeError: They were set on another step.
        """
        if self._results is _UNREAD:
            self._results = self.initial_results()
        return self._results

    @results.setter
    def results(self, results: Any) -> None:
        if not self._attempt:
            raise AttributeError(
                f"results of step {self.name!r} cannot be set from another step; "
                "return them from its own handler"
            )
        self._results = results
        self._by_hand = True

    @property
    def results_by_hand(self) -> bool:
        """Whether the handler has set or changed the results."""
        if self._by_hand or self._results is _UNREAD:
            return self._by_hand
        try:
            return _encode(self._results) != _encode(self.initial_results())
        except Exception:
            # What cannot be encoded was not there before.
            return True

    def publish_custom_event(self, name: str, payload: Mapping[str, Any] | None = None) -> None:
        """Publish an event that the step or its task declares, or that was registered.

        It is kept as it is now, and told once the outcome of this attempt is durable,
        whether that is a success or a failure: so it is never told of something that
        a crash undid. What an attempt published that is cancelled, times out or is
        lost with its process is dropped; the next attempt publishes it again.

        Raises:
            UndeclaredEventError: Nobody declared it; no retry can help.
            EncodingError: The payload cannot be stored; `SizeLimitError` when it, with
                what the attempt published before, is too large.
            AttributeError: It was called on another step.
        """
        if self._publishing is None:
            raise AttributeError(
                f"events cannot be published on step {self.name!r} from another step; "
                "publish them on the handler's own"
            )
        if self.outbox is None:
            self.outbox = Outbox(self.name, self._events, self._publishing)
        self.outbox.publish(name, payload)

    def initial_results(self) -> Any:
        """Return a fresh copy of the results as they were before the attempt."""
        recorded = self._record.results
        if recorded is None:
            return {} if self._attempt else None
        return _decode(recorded)

    def __repr__(self) -> str:
        return f"<Step {self.name} {self.state}, attempt {self.attempts}>"


class _Own(dict[str, Any]):
    """A configuration that was copied for this attempt."""
