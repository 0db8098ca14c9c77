"""What an engine is for: to have tasks done, and to wait for them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext, suppress
from typing import Protocol

import anyio

from tasker.actors.envelope import Reply
from tasker.actors.protocols import Clock
from tasker.actors.workflow.state import WorkflowState
from tasker.actors.workflow.states import AT_REST
from tasker.errors import TaskerError, UnknownTaskError
from tasker.reading import Reading
from tasker.request import TaskRequest
from tasker.runtime import Runtime
from tasker.stores.protocols import Store
from tasker.submission import Submission
from tasker.task_view import TaskView

FIRST_LOOK_SECONDS = 0.05
LONGEST_LOOK_SECONDS = 0.5


class Submitting(Protocol):
    """The verbs that begin tasks, and those that wait for them."""

    _clock: Clock
    _reading: Reading
    _runtime: Runtime
    _store: Store
    _submission: Submission
    _work: bool

    async def submit(self, request: TaskRequest, *, connection: object = None) -> str:
        """Make a task durable and return its id; it starts when there is room.

        Waits while the journal is full, which is how the engine keeps its memory
        bounded under load.

        With a ``connection`` of the application's own to the store's database, the task
        becomes part of the transaction that is open on it: it is there if and only if
        that is committed, and starts afterwards. Nobody hears of it before an engine takes
        it up. See docs/transactions.md for what connections can be given.

        Raises:
            TransactionError: The connection is none of this store's, or has no transaction.
            InvalidRequestError: It is no `TaskRequest`.
            UnknownDefinitionError: Nothing of that name is registered.
            ContextValidationError: The context does not fit the schema.
            BypassError: A step that may not be bypassed.
            SizeLimitError, EncodingError: The context cannot be stored.
            DuplicateTaskError: A task of this identity exists; it carries its id.
            StoreError: It could not be recorded.
            EngineClosedError: The engine is not open.
        """
        self._check_open("submit a task")
        if connection is not None:
            return await self._submission.submit_within(request, connection)
        return await self._submission.submit(request)

    async def create(self, request: TaskRequest) -> TaskView:
        """Submit a task, and return it as it was created: nothing of it has run yet.

        Raises as `submit` does.
        """
        self._check_open("create a task")
        return await self._submission.create(request)

    async def is_repetition(self, request: TaskRequest, task_id: str) -> bool:
        """Return whether a request asks for what a task was asked for: version and context.

        For a `DuplicateTaskError`, to tell a repeated request from a key that was taken twice.

        Raises:
            UnknownTaskError: There is no such task.
        """
        self._check_open("read a task")
        return self._submission.is_repetition(request, await self._reading.task(task_id))

    async def submit_many(self, requests: Sequence[TaskRequest]) -> list[str | TaskerError]:
        """Make many tasks durable together; each is taken or refused for itself.

        They are appended at the same time, so they share a commit as far as
        ``journal_batch`` goes. Returns, in order, the id of each task, or what `submit`
        would have raised for it.

        Raises:
            EngineClosedError: The engine is not open.
        """
        self._check_open("submit tasks")
        outcomes: list[str | TaskerError | None] = [None] * len(requests)

        async def submit(index: int, request: TaskRequest) -> None:
            try:
                outcomes[index] = await self._submission.submit(request)
            except TaskerError as error:
                outcomes[index] = error

        async with anyio.create_task_group() as group:
            for index, request in enumerate(requests):
                group.start_soon(submit, index, request)
        return [outcome for outcome in outcomes if outcome is not None]

    async def wait(self, task_id: str, *, timeout_seconds: float | None = None) -> TaskView:
        """Return a task once it is at rest: complete, in error, cancelled or resolved.

        Raises:
            UnknownTaskError: There is no such task.
            TimeoutError: It took longer than ``timeout_seconds``.
        """
        self._check_open("wait for a task")
        wait = self._wait_here if self._work else self._wait_elsewhere
        if timeout_seconds is None:
            return await wait(task_id)
        with anyio.fail_after(timeout_seconds):
            return await wait(task_id)

    async def take_up(self, task_id: str) -> None:
        """Go on with a task that waits in the store, in an engine that does not recover.

        Does nothing for a task that is at rest or in memory.

        Raises:
            UnknownTaskError: There is no such task.
        """
        self._check_open("take up a task")
        if (await self._reading.task(task_id)).state not in AT_REST:
            self._runtime.residency.take_up(task_id)

    async def run(self, request: TaskRequest, *, timeout_seconds: float | None = None) -> TaskView:
        """Submit a task and wait for it: raises as `submit` and `wait` do."""
        self._check_open("run a task")
        if not self._work:
            return await self.wait(await self.submit(request), timeout_seconds=timeout_seconds)
        task_id = self._submission.new_id()
        watchers = self._runtime.residency.watchers
        # Before it can have ended: nothing has to be read to know that it has not.
        watch = watchers.watch(task_id)
        try:
            await self._submission.begin(request, task_id, watch.fail)
            with nullcontext() if timeout_seconds is None else anyio.fail_after(timeout_seconds):
                return await self._told(task_id, watch)
        finally:
            watchers.unwatch(task_id, watch)

    async def _wait_here(self, task_id: str) -> TaskView:
        residency = self._runtime.residency
        watch = residency.watchers.watch(task_id)
        try:
            if residency.resident(task_id) is None:
                view = await self._reading.task(task_id)
                if view.state in AT_REST and not watch.answered:
                    return view
            return await self._told(task_id, watch)
        finally:
            residency.watchers.unwatch(task_id, watch)

    async def _told(self, task_id: str, watch: Reply[WorkflowState]) -> TaskView:
        """Return a task once somebody tells that it is at rest, or the store does."""
        if not self._store.many_nodes:
            return await self._reading.view(await watch.wait())
        residency, pause = self._runtime.residency, FIRST_LOOK_SECONDS
        while True:
            with anyio.move_on_after(pause):
                return await self._reading.view(await watch.wait())
            # Another node may have it, or come to have it: then nobody tells here.
            if residency.resident(task_id) is None:
                with suppress(UnknownTaskError):
                    view = await self._reading.task(task_id)
                    if view.state in AT_REST and not watch.answered:
                        return view
            pause = min(pause * 2, LONGEST_LOOK_SECONDS)

    async def _wait_elsewhere(self, task_id: str) -> TaskView:
        pause = FIRST_LOOK_SECONDS
        while (view := await self._reading.task(task_id)).state not in AT_REST:
            await self._clock.sleep(pause)
            pause = min(pause * 2, LONGEST_LOOK_SECONDS)
        return view

    def _check_open(self, operation: str) -> None:
        raise NotImplementedError
