"""How many of the physical operations the engine does: spawns, hops, waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from msgspec import Struct

from tasker.actors.mailbox import Mailbox
from tasker.actors.signal import Signal
from tasker.actors.supervisor import Supervisor


class Counts(Struct):
    """Operations since counting began.

    ``spawns`` are coroutines started, ``actors`` those that a supervisor was given to
    run, in a coroutine of their own or in one that it kept; ``messages`` were put into
    mailboxes and streams, ``waits`` are receivers that found nothing and waited for a
    message, over a stream or by a signal of the runtime's own, ``events`` those that
    found an event not set.
    """

    spawns: int = 0
    actors: int = 0
    messages: int = 0
    waits: int = 0
    events: int = 0


@contextmanager
def counting() -> Iterator[Counts]:
    """Count the operations of this event loop; what is measured meanwhile is slower."""
    counts = Counts()
    loop = asyncio.get_running_loop()
    event_type: Any = type(anyio.Event())
    put_nowait = Mailbox.put_nowait
    send_nowait, receive = MemoryObjectSendStream.send_nowait, MemoryObjectReceiveStream.receive
    signalled = Signal.wait
    launch = Supervisor._launch
    wait: Callable[[Any], Coroutine[Any, Any, None]] = event_type.wait

    def counted_send(self: MemoryObjectSendStream[Any], item: Any) -> None:
        send_nowait(self, item)
        counts.messages += 1

    def counted_put(self: Mailbox[Any], message: Any) -> None:
        put_nowait(self, message)
        counts.messages += 1

    async def counted_receive(self: MemoryObjectReceiveStream[Any]) -> Any:
        counts.waits += self.statistics().current_buffer_used == 0
        return await receive(self)

    async def counted_signal(self: Signal) -> None:
        counts.waits += not self.is_set
        await signalled(self)

    def counted_launch(self: Supervisor, child: Any) -> None:
        counts.actors += 1
        launch(self, child)

    async def counted_wait(self: Any) -> None:
        counts.events += not self.is_set()
        await wait(self)

    def counted_task(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> Any:
        counts.spawns += 1
        return asyncio.Task(coroutine, loop=loop, **options)

    replaced: list[tuple[Any, str, Any, Any]] = [
        (Mailbox, "put_nowait", put_nowait, counted_put),
        (MemoryObjectSendStream, "send_nowait", send_nowait, counted_send),
        (MemoryObjectReceiveStream, "receive", receive, counted_receive),
        (event_type, "wait", wait, counted_wait),
        (Signal, "wait", signalled, counted_signal),
        (Supervisor, "_launch", launch, counted_launch),
    ]
    former = loop.get_task_factory()
    loop.set_task_factory(counted_task)
    for owner, name, _, ours in replaced:
        setattr(owner, name, ours)
    try:
        yield counts
    finally:
        loop.set_task_factory(former)
        for owner, name, original, _ in replaced:
            setattr(owner, name, original)
