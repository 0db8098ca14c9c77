"""Tasks in memory for tests of the rules: plans by edges, states, and a check of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Raw

from tasker.actors.workflow.advance import advance
from tasker.actors.workflow.decision import Decision
from tasker.actors.workflow.messages import AttemptEnded, Message, StartSteps, TakeUp
from tasker.actors.workflow.outcome import AttemptFailed, AttemptSucceeded
from tasker.actors.workflow.plan import Plan, StepPlan
from tasker.actors.workflow.state import Standing, WorkflowState, standing
from tasker.actors.workflow.states import SATISFYING
from tasker.stores.records import (
    ErrorRecord,
    StepRecord,
    StepState,
    TaskRecord,
    TaskState,
)

NOW = 1_700_000_000.0

Edges = Mapping[str, Sequence[str]]
DIAMOND: Edges = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}


def raw(value: Any) -> Raw:
    return Raw(msgspec.json.encode(value))


def make_plan(
    edges: Edges, steps: Mapping[str, Mapping[str, Any]] | None = None, **plan: Any
) -> Plan:
    """Return a plan from each step's dependencies; ``steps`` holds more of some of them."""
    index = {name: i for i, name in enumerate(edges)}
    dependents: dict[str, list[int]] = {name: [] for name in edges}
    for name, parents in edges.items():
        for parent in parents:
            dependents[parent].append(index[name])
    made = tuple(
        StepPlan(
            name=name,
            index=index[name],
            depends_on=tuple(index[parent] for parent in parents),
            dependents=tuple(dependents[name]),
            **(steps or {}).get(name, {}),
        )
        for name, parents in edges.items()
    )
    return Plan(definition_hash="hash", steps=made, **plan)


def make_task(**fields: Any) -> TaskRecord:
    given: dict[str, Any] = {
        "task_id": "task-1",
        "namespace": "default",
        "name": "job",
        "version": "0.1.0",
        "definition_hash": "hash",
        "state": TaskState.PENDING,
        "created_at": NOW,
        "requested_at": NOW,
        "context": raw({}),
        "owner": "node-1",
        "wake_at": 0.0,
    }
    return TaskRecord(**{**given, **fields})


class Live:
    """A task that is driven by hand: every message is decided and applied."""

    def __init__(
        self,
        plan: Plan,
        *,
        steps: Sequence[StepRecord] = (),
        now: float = NOW,
        **task: Any,
    ) -> None:
        self.now = now
        self.state = WorkflowState(task=make_task(**task), plan=plan, steps=steps)

    def tell(self, message: Message) -> Decision:
        decision = advance(self.state, message, self.now)
        self.state.apply(decision)
        return decision

    def begin(self) -> Live:
        self.tell(TakeUp())
        return self

    def start(self, *names: str) -> Decision:
        return self.tell(StartSteps(tuple(self.index(name) for name in names)))

    def succeed(self, name: str, results: Any = None) -> Decision:
        return self._end(name, AttemptSucceeded(raw(results)))

    def fail(self, name: str, **error: Any) -> Decision:
        record = ErrorRecord(**{"error_class": "ValueError", "message": "no", **error})
        return self._end(name, AttemptFailed(error=record))

    def run(self, name: str, results: Any = None) -> Decision:
        self.start(name)
        return self.succeed(name, results)

    def run_badly(self, name: str, **error: Any) -> Decision:
        self.start(name)
        return self.fail(name, **error)

    def index(self, name: str) -> int:
        return self.state.plan.index[name]

    def task_state(self) -> TaskState:
        return self.state.head.state

    def states(self) -> dict[str, StepState]:
        return {record.name: record.state for record in self.state.steps}

    def ready(self) -> set[str]:
        return {self.state.plan.steps[index].name for index in self.state.ready}

    def _end(self, name: str, result: Any) -> Decision:
        index = self.index(name)
        return self.tell(AttemptEnded(index, self.state.steps[index].attempts, result))


def check_counters(state: WorkflowState) -> None:
    """Assert that what is kept beside the steps is what a look at all of them gives."""
    remaining = [
        sum(state.steps[parent].state not in SATISFYING for parent in step.depends_on)
        for step in state.plan.steps
    ]
    assert state.remaining == remaining
    stands = [standing(state.steps[i], remaining[i]) for i in range(len(state.steps))]
    assert state.counts == [stands.count(which) for which in Standing]
    for kept, which in (
        (state.ready, Standing.READY),
        (state.running, Standing.RUNNING),
        (state.waiting, Standing.WAITING),
    ):
        assert kept == {i for i, stand in enumerate(stands) if stand is which}


def encoded(state: WorkflowState) -> bytes:
    """Return all of a state as bytes, to see whether anything touched it."""
    return msgspec.msgpack.encode(
        {
            "task": state.task,
            "head": state.head,
            "steps": state.steps,
            "seq": state.seq,
            "epoch": state.epoch,
            "remaining": state.remaining,
            "counts": state.counts,
            "sets": [sorted(state.ready), sorted(state.running), sorted(state.waiting)],
        }
    )
