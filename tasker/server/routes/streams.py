"""What happens, recorded or as it happens: of one task, and of all."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any

import anyio
import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, Parameter
from litestar.response import Stream
from msgspec import Struct

from tasker.actors.workflow.states import AT_REST
from tasker.errors import EventNameError, InvalidRequestError, UnknownTaskError
from tasker.reading import HistoryEntry
from tasker.server.answering import AnyRequest, guarded, instance_of
from tasker.server.errors import (
    AuthenticationError,
    AuthorizationError,
    EventsElsewhereError,
    KeysUnavailableError,
)
from tasker.server.guard import check_again
from tasker.server.headers import last_event_id
from tasker.server.problems import problem_of
from tasker.server.shapes.tasks import TaskEventEntry, TaskEvents
from tasker.server.sidecar import Sidecar
from tasker.stores.records import TaskState

EVENT_STREAM = "text/event-stream"
FIRST_WORDS = b"retry: 1000\n\n"
"""Has browsers come back after a second when the connection is lost."""
HEARTBEAT = b": still here\n\n"
REFUSED = "refused"
"""The last event of a stream that whoever asked for it may no longer have."""
POLL_SECONDS = 0.5
"""How often the store is looked at for a task that another process works on."""
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class StreamedEvent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A server-sent event; ``data`` is JSON."""

    event: str
    data: str
    id: str | None = None


def _streams(permission: str, *statuses: int) -> dict[str, Any]:
    declared = guarded(permission, *statuses, headers=("Last-Event-ID",))
    declared["responses"][200] = ResponseSpec(
        data_container=StreamedEvent,
        description="A stream of server-sent events",
        media_type=EVENT_STREAM,
        generate_examples=False,
    )
    return declared


@get(
    "/tasks/{task_id:str}/events",
    operation_id="listTaskEvents",
    tags=["events"],
    summary="The recorded changes of a task",
    **guarded("tasker.task:show", 404, 422),
)
async def list_events(
    task_id: FromPath[str],
    sidecar: NamedDependency[Sidecar],
    after: FromQuery[Annotated[int, Parameter(ge=0, le=10**12)]] = 0,
) -> TaskEvents:
    """Return the changes of a task and its steps after a `seq`, in order."""
    entries = await sidecar.engine.history(task_id, after_seq=after)
    return TaskEvents(
        task_id=task_id,
        events=tuple(_entry(each) for each in entries),
        next_after=entries[-1].seq if entries else None,
    )


@get(
    "/tasks/{task_id:str}/events/stream",
    operation_id="streamTaskEvents",
    tags=["events"],
    summary="Follow a task",
    media_type=EVENT_STREAM,
    **_streams("tasker.task:show", 404, 422),
)
async def stream_task(
    request: AnyRequest,
    task_id: FromPath[str],
    sidecar: NamedDependency[Sidecar],
    after: FromQuery[Annotated[int, Parameter(ge=0, le=10**12)]] = 0,
) -> Stream:
    """Stream the changes of a task, those that are recorded first, until it is at rest.

    `event` is `task` or `step`, `data` what `GET .../events` lists, `id` the `seq` of the
    change and its place in it. With `Last-Event-ID` the stream goes on after that one,
    whatever was restarted meanwhile. It ends with the event `end` when the task is at rest,
    and with `refused`, whose data is a problem, once whoever asked may no longer have it.
    """
    seq, seen = _resume_from(last_event_id(request.headers), after)
    await sidecar.engine.get(task_id)
    return _answer(request, sidecar, _follow(sidecar, task_id, seq, seen))


@get(
    "/events/stream",
    operation_id="streamEvents",
    tags=["events"],
    summary="Follow all tasks",
    media_type=EVENT_STREAM,
    **_streams("tasker.event:index", 409, 422),
)
async def stream_events(
    request: AnyRequest,
    sidecar: NamedDependency[Sidecar],
    name: FromQuery[Annotated[tuple[str, ...], Parameter(required=False, max_items=50)]] = (),
) -> Stream:
    """Stream the events of the engine as they happen; `name` chooses, as in `task.*`.

    `event` is an event's name, `data` the event, `id` its id. With `Last-Event-ID` the stream
    goes on after that one. Where it is no longer known, or the engine was restarted and its
    store keeps no events for readers, the first event is `gap`: something may have been
    missed, so read again what you show. An event without `id` is told as it happens alone.
    A reader that is too slow is cut off, and comes back the same way. The stream ends with
    `refused`, whose data is a problem, once whoever asked may no longer have it.
    """
    if not sidecar.engine.works:
        raise EventsElsewhereError
    names = tuple(name) or ("task.*", "step.*")
    for each in names:
        try:
            sidecar.engine.event_catalog.check_subscribable(each)
        except EventNameError as error:
            raise InvalidRequestError(str(error)) from error
    await sidecar.feed.begin()
    follower = _follow_all(sidecar, names, last_event_id(request.headers))
    return _answer(request, sidecar, follower)


def _answer(request: AnyRequest, sidecar: Sidecar, messages: AsyncGenerator[bytes]) -> Stream:
    allowed = _while_allowed(request, messages, sidecar.config.stream_check_seconds)
    return Stream(allowed, media_type=EVENT_STREAM, headers=_HEADERS)


async def _while_allowed(
    request: AnyRequest, messages: AsyncGenerator[bytes], every_seconds: float
) -> AsyncIterator[bytes]:
    """Yield messages, none of them later than ``every_seconds`` after it was seen to be allowed.

    To ask for each would read the file of tokens for each event of each reader.
    """
    trusted_until = anyio.current_time() + every_seconds
    async with aclosing(messages):
        async for each in messages:
            if anyio.current_time() >= trusted_until:
                try:
                    await check_again(request, request.route_handler)
                except (AuthenticationError, AuthorizationError) as error:
                    problem = problem_of(error, instance_of(request))
                    yield message(REFUSED, msgspec.json.encode(problem))
                    return
                except KeysUnavailableError:
                    # They come back, and are told what a new request is told.
                    return
                trusted_until = anyio.current_time() + every_seconds
            yield each


async def _follow(sidecar: Sidecar, task_id: str, seq: int, seen: int) -> AsyncGenerator[bytes]:
    engine = sidecar.engine
    every = sidecar.config.heartbeat_seconds if engine.works else POLL_SECONDS
    yield FIRST_WORDS
    async for changed in sidecar.feed.changes(task_id, every):
        try:
            entries = await engine.history(task_id, after_seq=max(0, seq - 1))
        except UnknownTaskError:
            return
        sent = False
        for at, number, entry in _numbered(entries):
            if (at, number) <= (seq, seen):
                continue
            seq, seen, sent = at, number, True
            kind = "task" if entry.step is None else "step"
            yield message(kind, msgspec.json.encode(_entry(entry)), f"{at}-{number}")
        if _ended(entries):
            yield message("end", b"{}")
            return
        if not sent and not changed:
            yield HEARTBEAT


async def _follow_all(
    sidecar: Sidecar, names: tuple[str, ...], after: str | None
) -> AsyncGenerator[bytes]:
    yield FIRST_WORDS
    feed = sidecar.feed
    async with feed.read(names, after) as (reader, missed):
        if missed:
            yield message("gap", b"{}")
        while True:
            event = await reader.next(sidecar.config.heartbeat_seconds)
            if event is not None:
                event_id = event.event_id if feed.resumable(event) else None
                yield message(event.name, msgspec.json.encode(event), event_id)
            elif reader.ended:
                return
            else:
                await feed.look()
                yield HEARTBEAT


def message(event: str, data: bytes, event_id: str | None = None) -> bytes:
    """Return a server-sent event; JSON has no line breaks, so it is one line of data."""
    head = b"" if event_id is None else b"id: %s\n" % event_id.encode()
    return b"%sevent: %s\ndata: %s\n\n" % (head, event.encode(), data)


def _numbered(entries: list[HistoryEntry]) -> list[tuple[int, int, HistoryEntry]]:
    """Number the entries of each append from 1."""
    found: list[tuple[int, int, HistoryEntry]] = []
    for entry in entries:
        number = found[-1][1] + 1 if found and found[-1][0] == entry.seq else 1
        found.append((entry.seq, number, entry))
    return found


def _ended(entries: list[HistoryEntry]) -> bool:
    states = [entry.to_state for entry in entries if entry.step is None]
    return bool(states) and TaskState(states[-1]) in AT_REST


def _resume_from(seen: str | None, after: int) -> tuple[int, int]:
    """Return the ``seq`` and place of the last change that was seen.

    Without an id, or with one that is not of such a stream, it begins after ``after``.
    """
    seq, _, number = (seen or "").partition("-")
    if not (seq.isascii() and seq.isdigit() and number.isascii() and number.isdigit()):
        return after, 10**9
    return int(seq[:15]), int(number[:9])


def _entry(entry: HistoryEntry) -> TaskEventEntry:
    return TaskEventEntry(
        seq=entry.seq,
        at=entry.at,
        step=entry.step,
        from_status=entry.from_state,
        to_status=entry.to_state,
        attempt=entry.attempt,
        detail=entry.detail,
    )


ROUTES = (list_events, stream_task, stream_events)
