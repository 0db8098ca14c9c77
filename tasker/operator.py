"""What people do to tasks: each verb, here or on the engine that works the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec
from msgspec import UNSET

from tasker.actors.workflow.messages import (
    Annotate,
    AnyOperation,
    Cancel,
    CancelStep,
    Pause,
    ResetAttempts,
    ResolveStep,
    ResolveTask,
    Resume,
    Retry,
    UpdateStep,
    UpdateTask,
)
from tasker.errors import InvalidRequestError
from tasker.stores.encoding import encode
from tasker.stores.records import TaskState


class Operator(Protocol):
    """The operations of an engine, each returning the task's state after it.

    ``by`` and ``reason`` are kept in the task's history. In which states each is
    legal stands in one table, `tasker.actors.workflow.operations.OPERATIONS`; all
    raise `InvalidOperationError` elsewhere, `UnknownTaskError` and
    `UnknownStepError` for what is not there, and `StoreError` when nothing could
    be recorded.
    """

    async def _operate(self, task_id: str, operation: AnyOperation) -> TaskState:
        """Do an operation, here or where the store is worked."""
        raise NotImplementedError

    def _size_limit(self) -> int:
        """Return the greatest size of what an operation stores, as JSON, in bytes."""
        raise NotImplementedError

    async def cancel(
        self, task_id: str, *, by: str | None = None, reason: str | None = None
    ) -> TaskState:
        """End a task: running steps are cancelled, the others do not start."""
        return await self._operate(task_id, Cancel(by=by, reason=reason))

    async def pause(
        self, task_id: str, *, by: str | None = None, reason: str | None = None
    ) -> TaskState:
        """Start no more steps of a task until it is resumed; running ones finish."""
        return await self._operate(task_id, Pause(by=by, reason=reason))

    async def resume(
        self, task_id: str, *, by: str | None = None, reason: str | None = None
    ) -> TaskState:
        """Go on with a paused task."""
        return await self._operate(task_id, Resume(by=by, reason=reason))

    async def retry(
        self,
        task_id: str,
        step: str | None = None,
        *,
        by: str | None = None,
        reason: str | None = None,
    ) -> TaskState:
        """Try a failed step again at once, or all failed ones; what is done is kept.

        A step without attempts left gets its whole limit again.
        """
        return await self._operate(task_id, Retry(step=step, by=by, reason=reason))

    async def reset_attempts(
        self, task_id: str, step: str, *, by: str | None = None, reason: str | None = None
    ) -> TaskState:
        """Let a step's attempts so far not count against its limit."""
        return await self._operate(task_id, ResetAttempts(step=step, by=by, reason=reason))

    async def update_step(
        self,
        task_id: str,
        step: str,
        *,
        retry_limit: int | None = None,
        inputs: Mapping[str, Any] | None = None,
        by: str | None = None,
        reason: str | None = None,
    ) -> TaskState:
        """Change a step's retry limit or inputs, for its next attempt."""
        if retry_limit is None and inputs is None:
            raise InvalidRequestError("update_step changes nothing; give retry_limit or inputs")
        if retry_limit is not None and retry_limit < 1:
            raise InvalidRequestError(f"retry_limit is {retry_limit}; it must be at least 1")
        encoded = UNSET if inputs is None else self._encode(inputs, f"the inputs of step {step}")
        return await self._operate(
            task_id,
            UpdateStep(step=step, retry_limit=retry_limit, inputs=encoded, by=by, reason=reason),
        )

    async def resolve_step(
        self,
        task_id: str,
        step: str,
        *,
        results: Any = None,
        by: str | None = None,
        reason: str | None = None,
    ) -> TaskState:
        """Take a step as done by hand, with these results; a failed task then goes on.

        With ``results`` None the step keeps what it has.
        """
        encoded = UNSET if results is None else self._encode(results, f"the result of step {step}")
        return await self._operate(
            task_id, ResolveStep(step=step, results=encoded, by=by, reason=reason)
        )

    async def resolve_task(
        self, task_id: str, *, by: str | None = None, reason: str | None = None
    ) -> TaskState:
        """Take a failed task as done by hand."""
        return await self._operate(task_id, ResolveTask(by=by, reason=reason))

    async def cancel_step(
        self, task_id: str, step: str, *, by: str | None = None, reason: str | None = None
    ) -> TaskState:
        """End one step; what depends on it cannot run, and the task ends in error."""
        return await self._operate(task_id, CancelStep(step=step, by=by, reason=reason))

    async def update_task(
        self,
        task_id: str,
        *,
        task_reason: str | None = None,
        tags: Sequence[str] | None = None,
        by: str | None = None,
    ) -> TaskState:
        """Change why a task was asked for, or its tags; they do not decide how it runs."""
        if task_reason is None and tags is None:
            raise InvalidRequestError("update_task changes nothing; give task_reason or tags")
        if isinstance(tags, str) or not all(isinstance(tag, str) for tag in tags or ()):
            raise InvalidRequestError("tags of a task must be a list of strings")
        changed = None if tags is None else tuple(tags)
        return await self._operate(
            task_id, UpdateTask(task_reason=task_reason, tags=changed, by=by)
        )

    def expecting(self, seq: int | None) -> Operator:
        """Return the same operations, done only while ``seq`` is the task's newest append.

        `TaskChangedError` is raised elsewhere. A task's ``seq`` is that of its
        ``workflow_state``. With None they are done in any case.
        """
        return self if seq is None else _Expecting(self, seq)

    async def annotate(
        self, task_id: str, type: str, annotation: Mapping[str, Any], *, by: str | None = None
    ) -> TaskState:
        """Note something on a task, under a type that is made on first use."""
        encoded = self._encode(annotation, f"annotation {type!r}")
        return await self._operate(task_id, Annotate(type=type, annotation=encoded, by=by))

    def _encode(self, value: Any, what: str) -> Any:
        return encode(value, what=what, limit=self._size_limit())


class _Expecting(Operator):
    """Operations on a task as the caller last saw it."""

    def __init__(self, inner: Operator, seq: int) -> None:
        self._inner = inner
        self._seq = seq

    async def _operate(self, task_id: str, operation: AnyOperation) -> TaskState:
        expecting = msgspec.structs.replace(operation, expected_seq=self._seq)
        return await self._inner._operate(task_id, expecting)

    def _size_limit(self) -> int:
        return self._inner._size_limit()
