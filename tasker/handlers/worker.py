"""The child process that runs ``executor: process`` handlers, and what is said to it.

It reads orders from its standard input, and for each it writes one byte when it takes
it up, and the reply when it is done, to its standard output. Orders and replies are
eight bytes of length and a pickle: both ends are of one engine, and the pipe is
theirs alone. What handlers print goes to the standard error output. When the parent
is gone, so is the child, in the middle of an attempt too.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import queue
import runpy
import signal
import sys
import threading
import time
from collections.abc import Mapping
from contextvars import copy_context
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any, BinaryIO

import anyio
from msgspec import Raw, Struct

from tasker.actors.workflow.outcome import AttemptFailed, AttemptSucceeded
from tasker.actors.workflow.plan import Plan
from tasker.actors.workflow.state import WorkflowState
from tasker.definitions.definition import StepDefinition
from tasker.handlers.attempt import Attempt
from tasker.handlers.call import StepCall
from tasker.handlers.classify import classify
from tasker.handlers.publishing import Publishing
from tasker.handlers.reference import HandlerTarget, resolve
from tasker.handlers.resources import Resources
from tasker.stores.records import ErrorRecord, StepRecord, TaskChange, TaskRecord
from tasker.telemetry.log_fields import IN_FORCE, LogSettings
from tasker.telemetry.masking import Masker, MaskingRules
from tasker.telemetry.scope import Scope, run_within
from tasker.telemetry.secrets import secrets_in
from tasker.telemetry.tracing import remote_span

if TYPE_CHECKING:
    from tasker.actors.protocols import AttemptOrder

HEADER = 8  # bytes of a frame's length, big-endian
TAKEN_UP = b"!"
_MAIN = "__main__"


class Order(Struct, frozen=True, kw_only=True):
    """One attempt, with all that its handler may see.

    ``steps`` are the records of the step itself and of the steps upstream of it;
    ``trace`` are the headers of the attempt's span, empty without traces;
    ``events`` those that it may publish;
    ``logs`` is how the parent logs, None where that is the application's own affair;
    ``main`` is the file of the parent's main module, for handlers that are in it.
    """

    step: StepDefinition
    reference: str
    config: Mapping[str, Any]
    task: TaskRecord
    head: TaskChange
    plan: Plan
    steps: tuple[StepRecord, ...]
    attempt: int
    limit: int
    rules: MaskingRules
    correlation_header: str
    trace: Mapping[str, str] = {}
    events: frozenset[str] = frozenset()
    logs: LogSettings | None = None
    main: str | None = None


class Reply(Struct, frozen=True, kw_only=True):
    """How an attempt ended: results, or an error and the results set before it; its events."""

    results: Raw | None = None
    events: Raw | None = None
    error: ErrorRecord | None = None


def order_bytes(
    call: StepCall,
    order: AttemptOrder,
    *,
    limit: int,
    rules: MaskingRules,
    correlation_header: str,
    trace: Mapping[str, str],
    events: frozenset[str] = frozenset(),
) -> bytes:
    """Return one attempt as an `Order`, pickled."""
    state = order.state
    main = getattr(sys.modules.get(_MAIN), "__file__", None)
    return pickle.dumps(
        Order(
            step=call.definition,
            reference=call.reference,
            config=call.config,
            task=state.task,
            head=state.head,
            plan=state.plan,
            steps=tuple(state.shown(index) for index in _seen_by(state.plan, order.step.index)),
            attempt=order.attempt,
            limit=limit,
            rules=rules,
            correlation_header=correlation_header,
            trace=trace,
            events=events,
            logs=IN_FORCE.settings,
            main=main if call.reference.startswith(f"{_MAIN}:") else None,
        )
    )


def carry_out(order: Order) -> Reply:
    """Run an order's attempt and return how it ended."""
    masker = Masker(secrets_in(order.step.handler_config, order.config), rules=order.rules)
    try:
        target = _target(order)
        upstream = {record.name for record in order.steps} - {order.step.name}
        call = StepCall(
            order.step, target, config=order.config, upstream=upstream, events=order.events
        )
    except Exception as failure:
        return Reply(error=classify(failure, masker))
    state = WorkflowState(task=order.task, plan=order.plan, steps=order.steps)
    state.head = order.head
    step = order.plan.steps[order.plan.index[order.step.name]]
    publishing = Publishing(limit=order.limit)
    attempt = Attempt(call, state, step, order.attempt, masker, publishing=publishing)
    try:
        span = remote_span(order.trace)
        scope = Scope(order.task, order.step.name, order.attempt, masker, span=span)
        work = partial(asyncio.run, _run(attempt, order.correlation_header))
        results = copy_context().run(run_within, scope, work)
        outcome: AttemptSucceeded | AttemptFailed = attempt.succeeded(results, order.limit)
    except BaseException as failure:
        outcome = attempt.failed(failure, order.limit)
    if isinstance(outcome, AttemptFailed):
        return Reply(error=outcome.error, results=outcome.results, events=outcome.events)
    return Reply(results=outcome.results, events=outcome.events)


def serve() -> None:
    """Carry out orders until the parent closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    orders = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(orders, waiting), daemon=True).start()
    while True:
        order: Order = pickle.loads(waiting.get())
        _log_as(order.logs)
        replies.write(TAKEN_UP)
        replies.flush()
        reply = pickle.dumps(carry_out(order))
        replies.write(len(reply).to_bytes(HEADER, "big") + reply)
        replies.flush()


def _log_as(settings: LogSettings | None) -> None:
    if settings is None or settings == IN_FORCE.settings:
        return
    from tasker.telemetry.logs import configure_logging

    configure_logging(settings.format, level=settings.level, rules=settings.rules)


def _seen_by(plan: Plan, index: int) -> list[int]:
    seen: set[int] = set()
    waiting = [index]
    while waiting:
        each = waiting.pop()
        if each not in seen:
            seen.add(each)
            waiting.extend(plan.steps[each].depends_on)
    return sorted(seen)


def _target(order: Order) -> HandlerTarget:
    if order.main is not None and sys.modules[_MAIN].__name__ == _MAIN:
        # Under another name, so that what stands under `if __name__ == "__main__"` stays there.
        main = ModuleType("__mp_main__")
        sys.modules["__mp_main__"] = main
        main.__dict__.update(runpy.run_path(order.main, run_name="__mp_main__"))
        sys.modules[_MAIN] = main
    return resolve(order.reference)


async def _run(attempt: Attempt, correlation_header: str) -> Any:
    async with Resources(_SystemClock(), correlation_header=correlation_header) as resources:
        if attempt.call.is_async:
            return await attempt.run_async(resources)
        return await attempt.settle(*attempt.run_plain())


class _SystemClock:
    def now(self) -> float:
        return time.time()

    async def wait(self, event: anyio.Event, seconds: float | None) -> None:
        with anyio.move_on_after(seconds):
            await event.wait()

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)


def _listen(orders: BinaryIO, waiting: queue.SimpleQueue[bytes]) -> None:
    while header := orders.read(HEADER):
        waiting.put(orders.read(int.from_bytes(header, "big")))
    os._exit(0)  # an attempt whose parent is gone is nobody's: it will be run again elsewhere
