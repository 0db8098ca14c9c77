"""How long does the analysis of a great graph take?

2,000 steps with 100,000 dependencies: each step depends on all 50 of the level above,
and there are more paths than could ever be walked. It is analysed as a definition, as a
task of which a step in the middle failed, and for its bottlenecks alone, as after each
failure of a live task.
"""

import time
from datetime import UTC, datetime

from benchmarks.bulk import task_of
from benchmarks.case import Case, Contender, Ground, Ratio, Sample, Settings
from tasker.actors.workflow.state import WorkflowState
from tasker.analysis import Shape, analyze_definition, analyze_task, detect_bottlenecks
from tasker.definitions.definition import Definition, StepDefinition
from tasker.definitions.graph import dependencies_of
from tasker.handlers.plans import compile_plan
from tasker.stores.records import ErrorRecord, StepRecord, StepState, TaskState
from tasker.task_view import TaskView

ALLOWED_MS = 1_000.0
_NOW = 1_700_000_000.0
_WIDTH = 50
_CONTENDERS = ("definition", "task", "bottlenecks", "bottlenecks, shape kept")


def _contenders(settings: Settings) -> list[Contender]:
    return [Contender(name=name) for name in _CONTENDERS]


def _definition(steps: int) -> Definition:
    return Definition(
        name="great",
        steps=tuple(
            StepDefinition(
                name=f"s{i}",
                handler="benchmarks.shapes:trivial",
                depends_on=tuple(f"s{j}" for j in _level_above(i)),
            )
            for i in range(steps)
        ),
    )


def _level_above(step: int) -> range:
    level = step // _WIDTH
    return range((level - 1) * _WIDTH, level * _WIDTH) if level else range(0)


def _half_done(definition: Definition) -> WorkflowState:
    """Return a task whose first half is complete, and whose next step failed for good."""
    half = len(definition.steps) // _WIDTH // 2 * _WIDTH
    done = [
        StepRecord(
            name=step.name,
            state=StepState.COMPLETE,
            attempts=1,
            started_at=_NOW,
            ended_at=_NOW + 1 + number % 7,
        )
        for number, step in enumerate(definition.steps[:half])
    ]
    failed = StepRecord(
        name=definition.steps[half].name,
        state=StepState.ERROR,
        attempts=3,
        started_at=_NOW,
        ended_at=_NOW,
        error=ErrorRecord(error_class="ValueError", message="no"),
    )
    task = task_of(definition, TaskState.IN_PROGRESS, _NOW)
    return WorkflowState(task=task, plan=compile_plan(definition), steps=[*done, failed])


async def _sample(contender: Contender, ground: Ground) -> Sample:
    definition = _definition(ground.settings.scaled(2_000 + _WIDTH, 200))
    state = _half_done(definition)
    view = TaskView(state, definition, _NOW)
    shape = Shape.of(dependencies_of(definition))
    now = datetime.fromtimestamp(_NOW, UTC)
    began = time.perf_counter()
    match contender.name:
        case "definition":
            analyze_definition(definition)
        case "task":
            analyze_task(view, now=now)
        case "bottlenecks":
            detect_bottlenecks(state, _NOW)
        case _:
            detect_bottlenecks(state, _NOW, shape=shape)
    took = time.perf_counter() - began
    return Sample(
        metrics={"analysis_ms": took * 1e3},
        facts={"graph": f"{len(shape.names):,} steps, {shape.edge_count:,} edges"},
    )


def _ratios(settings: Settings) -> list[Ratio]:
    return [
        Ratio(
            name=f"{name} over a second",
            of=(name, "analysis_ms"),
            to=ALLOWED_MS,
            at_most=1.0,
        )
        for name in _CONTENDERS
    ]


CASE = Case(question=__doc__ or "", contenders=_contenders, sample=_sample, ratios=_ratios)
