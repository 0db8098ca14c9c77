"""Where an attempt runs: on the event loop, in a worker thread, or in a process."""

from __future__ import annotations

import asyncio
import os
import pickle
from collections.abc import Callable
from functools import partial
from typing import Any

import anyio
import anyio.to_thread
import msgspec
from anyio import CapacityLimiter
from anyio.abc import AsyncResource

from tasker.actors.protocols import AttemptOrder
from tasker.actors.workflow.outcome import AttemptFailed, AttemptResult, AttemptSucceeded
from tasker.cancellation import was_cancelled
from tasker.handlers.attempt import Attempt
from tasker.handlers.call import StepCall
from tasker.handlers.isolation import isolated
from tasker.handlers.processes import ProcessPool, WorkerDiedError
from tasker.handlers.publishing import ALONE, Publishing, masked
from tasker.handlers.resources import Resources
from tasker.handlers.worker import Reply, order_bytes
from tasker.stores.records import ErrorRecord
from tasker.telemetry.masking import Masker
from tasker.telemetry.scope import ActiveSpan, Scope, run_within

WORKER_DIED = "WorkerProcessDied"


class Executors(AsyncResource):
    """Runs attempts and says how they ended; closes what they shared.

    Args:
        resources: What handlers share; closed with this.
        result_limit: Greatest size of a result as JSON, in bytes.
        threads: How many ``def`` handlers may run at once.
        processes: How many ``executor: process`` handlers; None for one a core.
        publishing: What attempts share about custom events.
    """

    def __init__(
        self,
        *,
        resources: Resources,
        result_limit: int,
        threads: int,
        processes: int | None = None,
        publishing: Publishing = ALONE,
    ) -> None:
        self._publishing = publishing
        self._resources = resources
        self._result_limit = result_limit
        self._threads = CapacityLimiter(threads)
        self._processes = ProcessPool(processes or os.cpu_count() or 1)

    async def run(
        self, call: StepCall, order: AttemptOrder, masker: Masker, span: ActiveSpan | None = None
    ) -> AttemptResult:
        """Run one attempt. Raises when it was cancelled, and for nothing else."""
        if call.where == "process":
            return await self._in_process(call, order, masker, span)
        attempt = Attempt(
            call, order.state, order.step, order.attempt, masker, publishing=self._publishing
        )
        scope = Scope(order.state.task, order.step.name, order.attempt, masker, span=span)
        try:
            if call.where == "loop":
                work = attempt.run_async(self._resources)
                results = await isolated(work, order.cancellation, call.reference, scope)
            else:
                output, processed = await self.in_thread(
                    partial(run_within, scope, attempt.run_plain)
                )
                results = await isolated(
                    attempt.settle(output, processed), order.cancellation, call.reference, scope
                )
            return attempt.succeeded(results, self._result_limit)
        except GeneratorExit:
            raise
        except BaseException as failure:
            if isinstance(failure, asyncio.CancelledError) and was_cancelled():
                raise
            return attempt.failed(failure, self._result_limit)

    async def in_thread(self, function: Callable[[], Any]) -> Any:
        """Run a function in a worker thread, which keeps the caller's context variables.

        On cancellation the caller goes on at once; the thread cannot be stopped and
        runs to its end, and what it returns is dropped.
        """
        return await anyio.to_thread.run_sync(
            function, abandon_on_cancel=True, limiter=self._threads
        )

    async def _in_process(
        self, call: StepCall, order: AttemptOrder, masker: Masker, span: ActiveSpan | None
    ) -> AttemptResult:
        registered = frozenset(self._publishing.registered())
        request = order_bytes(
            call,
            order,
            limit=self._result_limit,
            rules=masker.rules,
            correlation_header=self._resources.correlation_header,
            trace={} if span is None else span.carrier(),
            events=call.events | registered,
        )
        try:
            answer = await self._processes.run(request)
        except WorkerDiedError as death:
            return AttemptFailed(error=ErrorRecord(error_class=WORKER_DIED, message=str(death)))
        reply: Reply = pickle.loads(answer)
        if reply.error is None:
            results = msgspec.Raw(reply.results or b"null")
            return AttemptSucceeded(results, masked(reply.events, masker))
        return AttemptFailed(
            error=masker.record(reply.error),
            results=masker.without_known(reply.results),
            events=masked(reply.events, masker),
        )

    async def aclose(self) -> None:
        """End the worker processes and close what handlers shared."""
        with anyio.CancelScope(shield=True):
            try:
                await self._processes.aclose()
            finally:
                await self._resources.aclose()
