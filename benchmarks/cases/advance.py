"""What do the workflow rules cost for a step, over making the records that say so?

The rules take a diamond, and a graph of a thousand steps, from its start to its
end, each step ending with success. Beside them a loop over counters that makes
the same step records and transitions and decides nothing else.
"""

import time

from msgspec import Raw

from benchmarks.bulk import task_of
from benchmarks.case import Case, Contender, Ground, Ratio, Sample, Settings
from benchmarks.shapes import DIAMOND, Graph, definition, layered
from tasker.actors.workflow.advance import advance
from tasker.actors.workflow.messages import AttemptEnded, StartSteps, TakeUp
from tasker.actors.workflow.outcome import AttemptSucceeded
from tasker.actors.workflow.plan import Plan
from tasker.actors.workflow.state import WorkflowState
from tasker.actors.workflow.states import AT_REST
from tasker.handlers.plans import compile_plan
from tasker.stores.records import StepRecord, StepState, TaskRecord, TaskState, Transition

_SUCCESS = AttemptSucceeded(Raw(b"1"))
_NOW = 1_000_000_000.0


def _rules(plan: Plan, task: TaskRecord) -> int:
    state = WorkflowState(task=task, plan=plan)
    decision = advance(state, TakeUp(), _NOW)
    state.apply(decision)
    ready = list(decision.ready)
    ran = 0
    while ready:
        started = advance(state, StartSteps(tuple(ready)), _NOW)
        state.apply(started)
        ended, ready = ready, []
        for index in ended:
            decision = advance(state, AttemptEnded(index, 1, _SUCCESS), _NOW)
            state.apply(decision)
            ready.extend(decision.ready)
            ran += 1
    assert state.head.state in AT_REST
    return ran


def _records(plan: Plan, task: TaskRecord) -> int:
    remaining = list(plan.parent_counts)
    ready = list(plan.roots)
    kept: list[object] = []
    ran = 0
    while ready:
        step = plan.steps[ready.pop()]
        kept += (
            StepRecord(
                name=step.name,
                state=StepState.IN_PROGRESS,
                attempts=1,
                ready_at=_NOW,
                started_at=_NOW,
            ),
            Transition(step=step.name, from_state="pending", to_state="in_progress", attempt=1),
            StepRecord(
                name=step.name,
                state=StepState.COMPLETE,
                attempts=1,
                ready_at=_NOW,
                started_at=_NOW,
                ended_at=_NOW,
                results=_SUCCESS.results,
            ),
            Transition(step=step.name, from_state="in_progress", to_state="complete", attempt=1),
        )
        ran += 1
        for child in step.dependents:
            remaining[child] -= 1
            if not remaining[child]:
                ready.append(child)
    return ran


_GRAPHS: dict[str, Graph] = {"diamond": DIAMOND, "1,000 steps": layered(1_000)}


def _contenders(settings: Settings) -> list[Contender]:
    return [
        Contender(name=f"{who}, {graph}", options={"who": who, "graph": graph})
        for graph in _GRAPHS
        for who in ("rules", "records")
    ]


async def _sample(contender: Contender, ground: Ground) -> Sample:
    made = definition("graph", _GRAPHS[contender.options["graph"]]).build()
    plan = compile_plan(made)
    task = task_of(made, TaskState.PENDING, _NOW, started_at=None, owner="node")
    run = _rules if contender.options["who"] == "rules" else _records
    wanted = ground.settings.scaled(100_000, 1_000)
    run(plan, task)
    ran = 0
    began = time.perf_counter()
    while ran < wanted:
        ran += run(plan, task)
    return Sample(metrics={"step_us": (time.perf_counter() - began) / ran * 1e6})


def _ratios(settings: Settings) -> list[Ratio]:
    return [
        Ratio(
            name=f"{graph}: rules over records",
            of=(f"rules, {graph}", "step_us"),
            to=(f"records, {graph}", "step_us"),
        )
        for graph in _GRAPHS
    ]


CASE = Case(question=__doc__ or "", contenders=_contenders, sample=_sample, ratios=_ratios)
