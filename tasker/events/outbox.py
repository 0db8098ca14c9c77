"""What durable subscriptions hear: made with a decision, recorded with its append.

It is a `tasker.actors.protocols.Outbox`, and a `tasker.actors.protocols.Witness` of what
became durable, so that deliveries know when to look.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
from msgspec import Raw

from tasker.actors.workflow.state import WorkflowState
from tasker.errors import SubscriberError
from tasker.events.derive import DECIDED, Wanted, derive, task_created
from tasker.events.event import Event
from tasker.events.known import types
from tasker.events.patterns import Patterns
from tasker.events.subscriber import BaseSubscriber
from tasker.stores.records import TaskRecord, Transition
from tasker.telemetry.engine_log import logger

_encode = msgspec.json.Encoder().encode


def check_durable(subscriber: BaseSubscriber) -> None:
    """Raise `SubscriberError` for events that no append tells of.

    They are told by a process of what it sees, and are gone with it.
    """
    for text in subscriber.events:
        if not is_decided(text):
            raise SubscriberError(
                subscriber=subscriber.name,
                reason=f"{text!r} is told by a process of what it sees, and is not in the store; "
                "a durable subscription hears events of decisions: task.*, step.* and workflow.* "
                "without step.before_handle, and custom events",
            )


def is_decided(text: str) -> bool:
    """Return whether a name or pattern means events that appends tell of, custom ones too."""
    patterns = Patterns([text])
    own = [name for name in types() if patterns.match(name)]
    return not own or bool(DECIDED.intersection(own))


class EventOutbox:
    """Makes the events of appends that any durable subscription wants.

    All of it is called in the event loop.
    """

    def __init__(self) -> None:
        self.wanted = False
        self.failures = 0
        """How often the events of an append could not be made: those are lost."""
        self._own: dict[str, Patterns] = {}
        self._others: dict[str, Patterns] = {}
        self._known: dict[str, Sequence[str]] = {}
        self._names = Wanted((), lambda name: False)
        self._custom: dict[str, bool] = {}
        self._sent: set[str] = set()
        self._listeners: list[Callable[[], None]] = []

    def subscribe(self, name: str, patterns: Patterns) -> None:
        """Have the events of a subscription of this process recorded from now on."""
        self._own[name] = patterns
        self._plan()

    def know(self, wanted: Mapping[str, Sequence[str]]) -> None:
        """Take note of what the subscriptions in the store want."""
        if wanted != self._known:
            self._known = dict(wanted)
            self._others = {name: Patterns(events) for name, events in wanted.items()}
            self._plan()

    def forget(self, name: str) -> None:
        """Record nothing more for a subscription."""
        self._own.pop(name, None)
        self._others.pop(name, None)
        self._plan()

    def on_entry(self, listener: Callable[[], None]) -> None:
        """Have a function called whenever there is something new in the outbox."""
        self._listeners.append(listener)

    def off_entry(self, listener: Callable[[], None]) -> None:
        """Have it called no more."""
        self._listeners.remove(listener)

    def nudge(self) -> None:
        """Have everybody look into the outbox."""
        for listener in self._listeners:
            listener()

    # The outbox of the runtime

    def of_created(self, task: TaskRecord, at: float) -> Raw | None:
        """Return the events of a task that will wait in the store."""
        if "task.created" not in self._names.names:
            return None
        return self._send(task.task_id, lambda: [task_created(task, at)])

    def of_append(
        self, state: WorkflowState, transitions: Sequence[Transition], at: float
    ) -> Raw | None:
        """Return the events of an append to come."""
        return self._send(
            state.task.task_id,
            lambda: derive(state, state.seq + 1, transitions, at, self._names),
        )

    # What became durable

    def created(self, task: TaskRecord, at: float) -> None:
        """Take note of a task that waits in the store."""
        self._recorded(task.task_id)

    def taken_up(self, state: WorkflowState, at: float) -> None:
        """Take note of a task that was loaded: nothing is recorded by that."""

    def decided(self, state: WorkflowState, transitions: Sequence[Transition], at: float) -> None:
        """Take note of an append that was recorded."""
        if self._sent:
            self._recorded(state.task.task_id)

    def _recorded(self, task_id: str) -> None:
        if task_id in self._sent:
            self._sent.discard(task_id)
            self.nudge()

    def _send(self, task_id: str, make: Callable[[], Sequence[Event]]) -> Raw | None:
        try:
            events = make()
            encoded = Raw(_encode(events))
        except Exception:
            # A fault in telling of a task must not become the task's. It is counted, for
            # somebody was promised these events.
            self.failures += 1
            logger.exception("task %s: its events could not be told", task_id)
            return None
        if not events:
            return None
        self._sent.add(task_id)
        return encoded

    def _plan(self) -> None:
        everybody = {**self._others, **self._own}
        names = frozenset(
            name for name in DECIDED if any(each.match(name) for each in everybody.values())
        )
        custom = self._custom = {}
        patterns = tuple(everybody.values())

        def wants(name: str) -> bool:
            found = custom.get(name)
            if found is None:
                found = custom[name] = any(each.match(name) for each in patterns)
            return found

        self._names = Wanted(names, wants)
        self.wanted = bool(everybody)
