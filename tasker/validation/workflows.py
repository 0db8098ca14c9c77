"""The workflows that validators run: linear, diamond and parallel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import anyio
from msgspec import Struct

from tasker.definitions.python import DefinitionBuilder, define
from tasker.engine import Engine
from tasker.request import TaskRequest
from tasker.stores.records import TaskState
from tasker.validation.checks import CheckFailedError, Finding

NAMESPACE = "validation"
STEP_SECONDS = 0.01
"""What each step takes, so that there is something to measure."""
RUN_SECONDS = 30.0

PATTERNS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "linear": {
        "validate_input": (),
        "process_data": ("validate_input",),
        "generate_output": ("process_data",),
    },
    "diamond": {
        "validate_input": (),
        "process_branch_a": ("validate_input",),
        "process_branch_b": ("validate_input",),
        "merge_results": ("process_branch_a", "process_branch_b"),
    },
    "parallel": {
        "process_parallel_1": (),
        "process_parallel_2": (),
        "process_parallel_3": (),
    },
}
"""Each workflow: its steps, with those that they depend on."""


class Executed(Struct, frozen=True, kw_only=True):
    """A workflow that was run."""

    pattern: str
    task_id: str
    state: TaskState
    seconds: float

    @property
    def steps(self) -> Mapping[str, Sequence[str]]:
        """Its steps, with those that they depend on."""
        return PATTERNS[self.pattern]


def definitions() -> list[DefinitionBuilder]:
    """Return the definitions of the workflows."""
    made = []
    for pattern, steps in PATTERNS.items():
        definition = define(pattern, namespace=NAMESPACE)
        for name, depends_on in steps.items():
            definition.add_step(name, _work, depends_on=list(depends_on))
        made.append(definition)
    return made


async def run_patterns(engine: Engine, correlation_id: str) -> list[Executed]:
    """Run each workflow once, to its end.

    Raises:
        CheckFailedError: One did not complete.
    """
    executed = []
    for pattern in PATTERNS:
        request = TaskRequest(name=pattern, namespace=NAMESPACE, correlation_id=correlation_id)
        began = anyio.current_time()
        task = await engine.run(request, timeout_seconds=RUN_SECONDS)
        took = round(anyio.current_time() - began, 4)
        if task.state is not TaskState.COMPLETE:
            raise CheckFailedError(
                f"the {pattern} workflow ended as {task.state}",
                cause="; ".join(str(step.error) for step in task.steps if step.error) or "unknown",
                remedy="this should not happen: please report it",
            )
        executed.append(
            Executed(pattern=pattern, task_id=task.task_id, state=task.state, seconds=took)
        )
    return executed


def finding(executed: Sequence[Executed]) -> Finding:
    """Return what a validator tells of the workflows that it ran."""
    steps = sum(len(each.steps) for each in executed)
    return Finding(
        summary=f"{len(executed)} workflows with {steps} steps are complete",
        details=tuple(
            f"{each.pattern}: task {each.task_id}, {len(each.steps)} steps, {each.seconds:.3f} s"
            for each in executed
        ),
        facts={"workflows": {each.pattern: each.task_id for each in executed}, "steps": steps},
    )


async def _work() -> None:
    await anyio.sleep(STEP_SECONDS)
