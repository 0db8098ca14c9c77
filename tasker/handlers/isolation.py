"""One attempt, kept apart from the coroutine that runs it.

Its context variables do not reach the next attempt in the same coroutine, and it
can be given up when it will not be cancelled.

The coroutines that run attempts serve many of them, one after the other. A variable
that a handler sets, such as the fields bound to a logger, would be found by the
handler that comes next.
"""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable, Coroutine, Generator
from contextlib import suppress
from contextvars import copy_context
from types import coroutine
from typing import Any, TypeVar

from tasker.actors.protocols import Cancellation
from tasker.telemetry.engine_log import logger
from tasker.telemetry.scope import Scope, enter

T = TypeVar("T")


@coroutine
def isolated(
    work: Coroutine[Any, Any, T],
    cancellation: Cancellation,
    name: str,
    scope: Scope | None = None,
) -> Generator[Any, Any, T]:
    """Await a coroutine within a copy of the current context, of that scope.

    It stays in the task of its caller: a task of its own would cost ten times as
    much, and its cancellation would have to be carried over. A cancellation is
    raised in it, for it to clean up; one that is forced is not: the coroutine is
    closed where it stands, and ``name`` is told.
    """
    run = copy_context().run
    run(enter, scope)
    advance: Callable[[Any], Any] = work.send
    sent: Any = None
    while True:
        try:
            wanted = run(advance, sent)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        finally:
            sent = None  # an exception would keep this frame, and this frame it
        try:
            sent = yield wanted
            advance = work.send
        except BaseException as thrown:
            if cancellation.forced and isinstance(thrown, CancelledError):
                run(_give_up, work, name)
                raise
            sent, advance = thrown, work.throw


def _give_up(work: Coroutine[Any, Any, Any], name: str) -> None:
    logger.error("handler %s did not end when it was cancelled, and is given up", name)
    # What it awaits while it is closed, nobody will wait for.
    with suppress(RuntimeError):
        work.close()
