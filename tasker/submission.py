"""From a request to a task: everything that can be refused is refused here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Raw

from tasker.actors.new_task import NewTask
from tasker.actors.protocols import Clock
from tasker.actors.residency import Residency
from tasker.actors.workflow.plan import Plan
from tasker.actors.workflow.state import WorkflowState
from tasker.config import EngineConfig
from tasker.definition_shelf import DefinitionShelf
from tasker.definitions.definition import Definition
from tasker.definitions.schema import ContextSchema
from tasker.errors import (
    BypassError,
    DuplicateIdentityError,
    DuplicateTaskError,
)
from tasker.handlers.binding import BoundDefinition
from tasker.handlers.plans import encode_overrides
from tasker.handlers.runner import HandlerRunner
from tasker.handlers.task import establish, overrides_hook
from tasker.handlers.views import Task
from tasker.identity import Identity
from tasker.ids import IdFactory
from tasker.registry import LATEST, Registry
from tasker.request import TaskRequest, check_is_request
from tasker.stores.encoding import decode, encode
from tasker.stores.records import ActionRecord, StepRecord, TaskRecord, TaskState
from tasker.task_view import TaskView
from tasker.telemetry.correlation import Correlation, current_correlation
from tasker.telemetry.scope import Scope
from tasker.telemetry.scope import bound as in_scope
from tasker.telemetry.tracing import Tracing

CREATE = "create"
"""The operation that begins a task, in the audit."""


class Submission:
    """Checks requests and hands them to the runtime."""

    def __init__(
        self,
        *,
        registry: Registry[BoundDefinition],
        shelf: DefinitionShelf,
        residency: Residency,
        runner: HandlerRunner,
        config: EngineConfig,
        identity: Identity,
        clock: Clock,
        ids: IdFactory,
        traces: Tracing | None = None,
    ) -> None:
        self._registry = registry
        self._shelf = shelf
        self._residency = residency
        self._runner = runner
        self._config = config
        self._clock = clock
        self._ids = ids
        self._identity = identity
        self._traces = traces
        self._schemas: dict[str, ContextSchema] = {}

    def new_id(self) -> str:
        """Return the id for a task to come."""
        return self._ids()

    async def submit(self, request: TaskRequest) -> str:
        """Make a task durable and return its id. Raises as `Engine.submit` says."""
        new, _ = await self._submit(request)
        return new.task.task_id

    async def create(self, request: TaskRequest) -> TaskView:
        """Make a task durable and return it as it was created. Raises as `Engine.submit` says."""
        new, bound = await self._submit(request)
        state = WorkflowState(task=new.task, plan=new.plan, steps=new.steps, seq=1)
        return TaskView(state, bound.definition, new.task.created_at)

    async def submit_within(self, request: TaskRequest, connection: object) -> str:
        """Leave a task in a transaction of the caller's. Raises as `Engine.submit` says."""
        new, bound = await self._prepare(request, self._ids())
        # In the same transaction: a file has one writer at a time, and that is the caller.
        definition = self._shelf.to_keep(bound, new.task.created_at)
        try:
            await self._residency.submit_within(connection, new, definition)
        except DuplicateIdentityError as error:
            raise _duplicate(error) from error
        return new.task.task_id

    async def _submit(self, request: TaskRequest) -> tuple[NewTask, BoundDefinition]:
        new, bound = await self._prepare(request, self._ids())
        await self._shelf.keep(bound, new.task.created_at)
        try:
            await self._residency.submit(new)
        except DuplicateIdentityError as error:
            raise _duplicate(error) from error
        return new, bound

    async def begin(
        self, request: TaskRequest, task_id: str, refused: Callable[[Exception], None]
    ) -> None:
        """Submit a task of that id, and return once it is on its way to the store.

        ``refused`` is called with what `submit` would raise, unless this raises it.
        """
        new, bound = await self._prepare(request, task_id)
        await self._shelf.keep(bound, new.task.created_at)

        def settled(outcome: Exception | None) -> None:
            if isinstance(outcome, DuplicateIdentityError):
                refused(_duplicate(outcome))
            elif outcome is not None:
                refused(outcome)

        await self._residency.begin(new, settled)

    async def _prepare(self, request: TaskRequest, task_id: str) -> tuple[NewTask, BoundDefinition]:
        """Check a request, and return the task that it asks for, and of what definition."""
        check_is_request(request)
        bound = self._registry.get(request.name, request.namespace, request.version)
        definition = bound.definition
        context = self._checked_context(bound, request)
        _check_bypass(definition, request)
        now = self._clock.now()
        identity, expires = self._identity.of(request, definition.version)
        around = current_correlation()
        traceparent, tracestate = self._trace_context(request, around)
        task = TaskRecord(
            task_id=task_id,
            namespace=definition.namespace,
            name=definition.name,
            version=definition.version,
            definition_hash=definition.hash,
            state=TaskState.PENDING,
            priority=definition.priority if request.priority is None else request.priority,
            created_at=now,
            requested_at=request.requested_timestamp(now),
            initiator=request.initiator,
            source_system=request.source_system,
            reason=request.reason,
            tags=tuple(request.tags),
            bypass_steps=tuple(dict.fromkeys(request.bypass_steps)),
            identity=identity,
            correlation_id=request.correlation_id or around.correlation_id or task_id,
            context=context,
            traceparent=traceparent,
            tracestate=tracestate,
        )
        task, plan, steps = await self._established(bound, task)
        expires_before = now - self._config.identity_window_seconds if expires else None
        actions = () if request.by is None else (ActionRecord(operation=CREATE, by=request.by),)
        new = NewTask(
            task=task,
            plan=plan,
            steps=steps,
            identity_expires_before=expires_before,
            actions=actions,
        )
        return new, bound

    def is_repetition(self, request: TaskRequest, task: TaskView) -> bool:
        """Return whether a request asks for what a task was asked for: version and context.

        Raises:
            UnknownDefinitionError: Its definition is not registered any more.
            ContextValidationError: The request's context does not fit the schema.
        """
        if request.version not in (None, LATEST, task.version):
            return False
        bound = self._registry.get(request.name, request.namespace, task.version)
        context: Any = decode(self._checked_context(bound, request))
        return bool(context == task.context)

    def _trace_context(
        self, request: TaskRequest, around: Correlation
    ) -> tuple[str | None, str | None]:
        """Return the trace context of the request: as given, of the span at hand, or around."""
        if request.traceparent is not None:
            return request.traceparent, request.tracestate
        submitting = None if self._traces is None else self._traces.submitting()
        return submitting or (around.traceparent, around.tracestate)

    def _checked_context(self, bound: BoundDefinition, request: TaskRequest) -> Raw:
        schema = self._schemas.get(bound.definition.hash)
        if schema is None:
            effective = msgspec.structs.replace(bound.definition, schema=bound.schema)
            schema = self._schemas[bound.definition.hash] = ContextSchema(effective)
        return encode(
            schema.check(request.context) if bound.schema is not None else request.context,
            what=f"the context of {bound.definition.full_name}",
            limit=self._config.max_context_bytes,
        )

    async def _established(
        self, bound: BoundDefinition, task: TaskRecord
    ) -> tuple[TaskRecord, Plan, list[StepRecord]]:
        """Let the task handler's hook change this task's steps."""
        if not overrides_hook(bound.task_handler, "establish_step_dependencies_and_defaults"):
            return task, bound.plan, []
        with in_scope(Scope(task, masker=bound.masker)):
            overrides, inputs = await establish(
                bound.task_handler,
                bound.definition,
                Task(task, TaskState.PENDING),
                in_thread=self._runner.in_thread,
            )
        if not overrides and not inputs:
            return task, bound.plan, []
        plan = bound.plan_for(overrides)
        steps = [
            StepRecord(
                name=name,
                inputs=encode(
                    value,
                    what=f"the inputs of step {name}",
                    limit=self._config.max_context_bytes,
                ),
            )
            for name, value in inputs.items()
        ]
        return msgspec.structs.replace(task, overrides=encode_overrides(overrides)), plan, steps


def _duplicate(error: DuplicateIdentityError) -> DuplicateTaskError:
    return DuplicateTaskError(task_id=error.task_id, identity=error.identity)


def _check_bypass(definition: Definition, request: TaskRequest) -> None:
    for name in request.bypass_steps:
        step = definition.steps_by_name.get(name)
        if step is None or not step.skippable:
            reason = "there is no such step" if step is None else "it is not skippable"
            raise BypassError(definition=definition.full_name, step=name, reason=reason)
