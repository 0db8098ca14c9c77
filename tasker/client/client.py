"""The verbs of an engine, spoken over HTTP to the sidecar that has it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

import anyio
import httpx
from msgspec import Struct

from tasker.actors.clock import SystemClock
from tasker.actors.protocols import Clock
from tasker.actors.workflow.messages import AnyOperation
from tasker.actors.workflow.states import AT_REST
from tasker.client.config import ClientConfig, server_token, server_url
from tasker.client.handlers import Handlers
from tasker.client.operations import ask, task_path
from tasker.client.queries import Queries
from tasker.client.received import read, task_view
from tasker.client.sending import Sender
from tasker.client.streams import EngineEvents, MessageStream, TaskChanges
from tasker.client.submitting import Submitting
from tasker.client.subscriptions import ServedSubscriptions
from tasker.errors import TaskerError
from tasker.health.readiness import Readiness
from tasker.health.status import EngineStatus
from tasker.monitored import Liveness
from tasker.operator import Operator
from tasker.request import TaskRequest
from tasker.stores.records import TaskState
from tasker.task_view import TaskView

LEAST_PAUSE_SECONDS = 0.05
MOST_PAUSE_SECONDS = 0.5
"""Between two requests that wait for a task: a server that stops answers at once."""
LARGEST_BYTES = 2**31 - 1


class _State(Struct, frozen=True):
    """What of a task an operation returns."""

    status: TaskState


class TaskerClient(Operator, Queries, Handlers):
    """A client of one sidecar; use it as an async context manager.

    Its verbs are those of `Engine`, take and return the same, and raise the same errors;
    beside them `AuthenticationError`, `AuthorizationError` and `OverloadedError` of
    `tasker.server`, and `ClientError` when no answer of Tasker's came. ``by`` is not sent:
    the server knows who asks. Which requests are sent again stands in `Sender`.

    Args:
        url: Where the API is, as in ``http://127.0.0.1:8080/tasker``; the variable
            TASKER_SERVER when None.
        token: An API token or a JWT; the variable TASKER_TOKEN when None. It goes to this
            server alone: redirects are not followed.
        config: How patient it is.
        clock: The time; the machine's when None.
        environ: The environment; that of the process when None.
        transport: What carries the requests, as `httpx.ASGITransport` in tests.

    Raises:
        ClientConfigError: There is no URL, or one of these cannot be.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        config: ClientConfig | None = None,
        clock: Clock | None = None,
        environ: Mapping[str, str] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        variables = os.environ if environ is None else environ
        self.config = config or ClientConfig()
        self.url = server_url(url, variables)
        self._clock = clock or SystemClock()
        self._sender = Sender(
            self.url,
            server_token(token, variables),
            self.config,
            self._clock,
            transport=transport,
        )
        self._submitting = Submitting(self._sender)
        self.subscriptions = ServedSubscriptions(self._sender)

    async def __aenter__(self) -> Self:
        await self._sender.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with anyio.CancelScope(shield=True):
            await self._sender.close()

    # To submit and to wait

    async def submit(self, request: TaskRequest) -> str:
        """Make a task durable and return its id; see `create`."""
        return (await self.create(request)).task_id

    async def create(self, request: TaskRequest) -> TaskView:
        """Make a task durable, and return it as it was created.

        A request without an idempotency key gets one, see `ClientConfig.generate_keys`, so
        that it can be sent again. The caller's own key is answered as by an engine: when it
        is taken, `DuplicateTaskError` has the task's id.

        Raises:
            DuplicateTaskError: A task of this key or identity exists.
            InvalidRequestError: The request is refused, or has ``requested_at``, which a
                server does not take.
            UnknownDefinitionError, ContextValidationError, BypassError: As `Engine.submit`.
            OverloadedError: The server takes nothing more just now, asked again and again.
        """
        return task_view(await self._submitting.create(request), self._clock.now())

    async def submit_many(self, requests: Sequence[TaskRequest]) -> list[str | TaskerError]:
        """Make many tasks durable together; each is taken or refused for itself.

        Returns, in order, the id of each task, or what `submit` would have raised for it.
        One request has them all, so the server's ``max_bulk_tasks`` bounds their number.
        """
        return await self._submitting.create_many(requests)

    async def wait(self, task_id: str, *, timeout_seconds: float | None = None) -> TaskView:
        """Return a task once it is at rest: complete, in error, cancelled or resolved.

        The server is asked to answer then, again and again, over restarts of it that are
        shorter than the retries take.

        Raises:
            UnknownTaskError: There is no such task.
            TimeoutError: It took longer than ``timeout_seconds``.
        """
        with anyio.fail_after(timeout_seconds):
            pause = LEAST_PAUSE_SECONDS
            while (view := await self._look(task_id)).state not in AT_REST:
                await self._clock.sleep(pause)
                pause = min(pause * 2, MOST_PAUSE_SECONDS)
            return view

    async def run(self, request: TaskRequest, *, timeout_seconds: float | None = None) -> TaskView:
        """Submit a task and wait for it: raises as `submit` and `wait` do."""
        task_id = await self.submit(request)
        return await self.wait(task_id, timeout_seconds=timeout_seconds)

    # To follow

    @asynccontextmanager
    async def changes(self, task_id: str, *, after_seq: int = 0) -> AsyncIterator[TaskChanges]:
        """Follow a task: what is recorded after ``after_seq``, then what happens.

        Nothing is missed and nothing comes twice, over lost connections and restarts of the
        server; the iteration ends when the task is at rest.

        Raises:
            UnknownTaskError: There is no such task.
        """
        path = f"{task_path(task_id)}/events/stream"
        messages = MessageStream(self._sender, path, {"after": after_seq})
        async with _opened(messages):
            yield TaskChanges(messages)

    @asynccontextmanager
    async def events(self, *names: str) -> AsyncIterator[EngineEvents]:
        """Hear the engine's events from now on, those of tasks and steps unless named.

        Names are as in ``task.*``. Over a lost connection it goes on after the last event;
        a `Gap` stands where something may be missing.

        Raises:
            InvalidRequestError: A name is that of no event.
        """
        messages = MessageStream(self._sender, "/events/stream", {"name": names})
        async with _opened(messages):
            yield EngineEvents(messages, self._sender)

    # How it stands

    async def live(self) -> Liveness:
        """Return whether the engine is open; needs no permission."""
        return read((await self._sender.send("GET", "/health/live")).response, Liveness)

    async def ready(self) -> Readiness:
        """Return whether the engine can take work; needs no permission."""
        answer = await self._sender.send("GET", "/health/ready", accepts=(503,))
        return read(answer.response, Readiness)

    async def status(self) -> EngineStatus:
        """Return how the engine and its store stand, in figures."""
        answer = await self._sender.send("GET", "/health/status", accepts=(503,))
        return read(answer.response, EngineStatus)

    # Behind it

    async def _look(self, task_id: str) -> TaskView:
        wait = max(1, round(self.config.wait_seconds))
        answer = await self._sender.send(
            "GET", task_path(task_id), headers={"Prefer": f"wait={wait}"}, wait_seconds=wait
        )
        return task_view(answer.response, self._clock.now())

    async def _operate(self, task_id: str, operation: AnyOperation) -> TaskState:
        asked = ask(operation)
        headers: dict[str, str] = {}
        if operation.expected_seq is not None:
            headers["If-Match"] = f'"{operation.expected_seq}"'
        answer = await self._sender.send(
            asked.route.method,
            f"{task_path(task_id)}{asked.route.path}",
            body=asked.body,
            headers=headers,
        )
        if not asked.route.answers_task:
            answer = await self._sender.send("GET", task_path(task_id))
        return read(answer.response, _State).status

    def _size_limit(self) -> int:
        # The server knows its own.
        return LARGEST_BYTES


@asynccontextmanager
async def _opened(messages: MessageStream) -> AsyncIterator[None]:
    await messages.open()
    try:
        yield
    finally:
        with anyio.CancelScope(shield=True):
            await messages.close()
