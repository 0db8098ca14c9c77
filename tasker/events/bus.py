"""Brings the events of one engine to the mailboxes of those who listen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

from tasker.actors.protocols import Clock
from tasker.actors.workflow.state import WorkflowState
from tasker.analysis.config import DEFAULTS, AnalysisConfig
from tasker.events.decided import task_facts
from tasker.events.derive import Wanted, derive, task_created
from tasker.events.event import Event, tag_of
from tasker.events.known import types
from tasker.events.mailbox import EventMailbox, WhenFull
from tasker.events.observability import ObservabilityTaskHandle
from tasker.events.patterns import Patterns
from tasker.events.subscription import Subscription
from tasker.stores.records import TaskRecord, Transition

if TYPE_CHECKING:
    from tasker.events.bottlenecks import BottleneckFinder

STREAM_CAPACITY = 10_000


class EventBus:
    """Makes events of what the runtime tells, and only those that somebody listens to.

    It is the runtime's `tasker.actors.protocols.Observer`. Nothing here waits, but
    `room`. All of it is called in the event loop.
    """

    def __init__(self, clock: Clock, origin: str, analysis: AnalysisConfig = DEFAULTS) -> None:
        self.congested = False
        self.watches_handlers = False
        """Whether somebody wants to know when handlers begin or end."""
        self.stream_dropped = 0
        """How many events all streams together have dropped, those included that are gone."""
        self._clock = clock
        self._origin = origin
        self._numbers = count(1)
        self._listeners: list[tuple[Patterns, EventMailbox]] = []
        self._routes: dict[str, tuple[EventMailbox, ...]] = {}
        self._custom: dict[str, tuple[EventMailbox, ...]] = {}
        self._by_kind: dict[type[Event], tuple[EventMailbox, ...]] = {}
        self._wanted = Wanted((), self.hears)
        self._analysis = analysis
        self._bottlenecks: BottleneckFinder | None = None
        self._released = False

    # Listening

    def stream(
        self,
        names: Iterable[str] = ("*",),
        *,
        capacity: int = STREAM_CAPACITY,
        when_full: WhenFull = "drop_oldest",
    ) -> Subscription:
        """Return a stream of events; it listens while it is entered with ``with``."""
        return Subscription(self, names, capacity=capacity, when_full=when_full)

    def add(self, patterns: Patterns, mailbox: EventMailbox) -> None:
        """Have the events that are meant brought to a mailbox from now on."""
        self._listeners.append((patterns, mailbox))
        if self._released:
            mailbox.release()
        self._plan_routes()

    def remove(self, mailbox: EventMailbox) -> None:
        """Bring no more to a mailbox."""
        self._listeners = [each for each in self._listeners if each[1] is not mailbox]
        mailbox.release()
        self._plan_routes()

    def hears(self, name: str) -> bool:
        """Whether somebody listens to events of that name."""
        return bool(self._mailboxes(name))

    def look_at_held(self) -> None:
        """See whether tasks are held back; called by mailboxes."""
        self.congested = any(mailbox.held for _, mailbox in self._listeners)

    def stream_drops(self) -> None:
        """Count an event that a stream dropped; called by its mailbox."""
        self.stream_dropped += 1

    def release(self) -> None:
        """Hold no task back any more: the engine drains."""
        self._released = True
        for _, mailbox in self._listeners:
            mailbox.release()

    # Publishing

    def publish(self, event: Event) -> None:
        """Bring an event to all who listen to its name."""
        mailboxes = self._by_kind.get(type(event))
        if mailboxes is None:
            mailboxes = self._by_kind[type(event)] = self._mailboxes(event.name)
        for mailbox in mailboxes:
            mailbox.offer(event)

    def tell(self, kind: type[Event], **facts: Any) -> None:
        """Publish something that this engine has just seen, if anybody listens."""
        name = tag_of(kind)
        if name in self._routes:
            number = next(self._numbers)
            event_id = f"{self._origin}/{number}/{name}"
            self.publish(kind(event_id=event_id, at=self._clock.now(), **facts))

    # What the runtime tells

    async def room(self, task_id: str) -> None:
        """Return when no mailbox holds the task back."""
        for _, mailbox in self._listeners:
            await mailbox.room_for(task_id)

    def created(self, task: TaskRecord, at: float) -> None:
        """Tell of a task that waits in the store."""
        if "task.created" in self._routes:
            self.publish(task_created(task, at))

    def taken_up(self, state: WorkflowState, at: float) -> None:
        """Tell of a task that was loaded from the store."""
        if "observability.task.handle" in self._routes:
            names = [state.plan.steps[index].name for index in sorted(state.running)]
            task = state.task
            self.publish(
                ObservabilityTaskHandle(
                    # A task is claimed once in each of its epochs.
                    event_id=f"{task.task_id}/epoch-{state.epoch}/observability.task.handle",
                    at=at,
                    state=str(state.head.state),
                    interrupted_steps=tuple(names),
                    **task_facts(task),
                )
            )

    def decided(self, state: WorkflowState, transitions: Sequence[Transition], at: float) -> None:
        """Tell of what one append made durable."""
        if self._listeners:
            for event in derive(state, state.seq, transitions, at, self._wanted):
                self.publish(event)

    def _mailboxes(self, name: str) -> tuple[EventMailbox, ...]:
        found = self._routes.get(name)
        if found is None and name not in types():
            found = self._custom.get(name)
            if found is None:
                found = self._custom[name] = self._find(name)
        return found or ()

    def _find(self, name: str) -> tuple[EventMailbox, ...]:
        return tuple(mailbox for patterns, mailbox in self._listeners if patterns.match(name))

    def _finder(self) -> BottleneckFinder | None:
        if "task.bottleneck_detected" not in self._routes:
            return None
        if self._bottlenecks is None:
            # Late: most engines analyse nothing.
            from tasker.events.bottlenecks import BottleneckFinder

            self._bottlenecks = BottleneckFinder(self._analysis)
        return self._bottlenecks

    def _plan_routes(self) -> None:
        found = {name: self._find(name) for name in types()}
        self._routes = {name: mailboxes for name, mailboxes in found.items() if mailboxes}
        self._custom, self._by_kind = {}, {}
        self._wanted = Wanted(self._routes, self.hears, self._finder())
        self.watches_handlers = any(
            name in self._routes for name in ("step.before_handle", "observability.step.handle")
        )
        self.look_at_held()
