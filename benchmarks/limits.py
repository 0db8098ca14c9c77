"""The physical limits: what the parts that an engine is made of cost by themselves.

Each function returns seconds for one operation, as measured now, here.
"""

from __future__ import annotations

import sqlite3
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import anyio
import msgspec

from tasker.stores.records import Append
from tasker.stores.sqlite.batch import Batch
from tasker.stores.sqlite.schema import Durability, prepare_writer

SPAWNED_AT_ONCE = 100


async def spawn(count: int) -> float:
    """Start a coroutine in an anyio task group, and let it end."""

    async def nothing() -> None:
        pass

    began = time.perf_counter()
    for _ in range(max(1, count // SPAWNED_AT_ONCE)):
        async with anyio.create_task_group() as group:
            for _ in range(SPAWNED_AT_ONCE):
                group.start_soon(nothing)
    return (time.perf_counter() - began) / (max(1, count // SPAWNED_AT_ONCE) * SPAWNED_AT_ONCE)


async def hop(count: int) -> float:
    """Send one message over a memory stream to a coroutine that waits for it.

    Sent without waiting, as the runtime sends: ``await send`` yields to the loop first.
    """
    to_other, of_other = anyio.create_memory_object_stream[int](1)
    back, of_back = anyio.create_memory_object_stream[int](1)

    async def echo() -> None:
        async for message in of_other:
            back.send_nowait(message)

    async with anyio.create_task_group() as group, to_other, of_other, back, of_back:
        group.start_soon(echo)
        began = time.perf_counter()
        for i in range(count):
            to_other.send_nowait(i)
            await of_back.receive()
        seconds = time.perf_counter() - began
        group.cancel_scope.cancel()
    return seconds / (2 * count)


async def hop_nowait(count: int) -> float:
    """Put one message into a memory stream and take it out, nobody waiting."""
    put, take = anyio.create_memory_object_stream[int](1)
    with put, take:
        began = time.perf_counter()
        for i in range(count):
            put.send_nowait(i)
            take.receive_nowait()
        return (time.perf_counter() - began) / count


async def event(count: int) -> float:
    """Make an event and have a coroutine that waits for it go on."""
    asked, answered = anyio.Event(), anyio.Event()

    async def answer() -> None:
        nonlocal asked
        while True:
            await asked.wait()
            asked = anyio.Event()
            answered.set()

    async with anyio.create_task_group() as group:
        group.start_soon(answer)
        began = time.perf_counter()
        for _ in range(count):
            asked.set()
            await answered.wait()
            answered = anyio.Event()
        seconds = time.perf_counter() - began
        group.cancel_scope.cancel()
    return seconds / (2 * count)


def encode(appends: Sequence[Append]) -> float:
    """Encode the JSON that an append holds: its transitions."""
    encoder = msgspec.json.Encoder()
    began = time.perf_counter()
    for append in appends:
        encoder.encode(append.transitions)
    return (time.perf_counter() - began) / len(appends)


def commit(directory: Path, count: int, durability: Durability = "strict") -> float:
    """Commit one small row: the median, since a disk pauses now and then."""
    connection = sqlite3.connect(directory / "commits.db", isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        synchronous = "FULL" if durability == "strict" else "NORMAL"
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute("CREATE TABLE IF NOT EXISTS rows (n INTEGER PRIMARY KEY, text TEXT)")
        waits = []
        for _ in range(count):
            began = time.perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO rows (text) VALUES (?)", ("x" * 100,))
            connection.execute("COMMIT")
            waits.append(time.perf_counter() - began)
        return statistics.median(waits)
    finally:
        connection.close()


def bare_transactions(
    directory: Path, batches: Sequence[Sequence[Append]], durability: Durability = "strict"
) -> float:
    """Write the rows of each batch in a transaction; seconds for all of them.

    The rows, tables and statements are the engine's, made before the clock starts;
    there is no thread, no check, and nobody to answer.
    """
    connection = sqlite3.connect(directory / "bare.db", isolation_level=None, cached_statements=256)
    try:
        prepare_writer(connection, url="bare", durability=durability)
        ready = []
        for appends in batches:
            batch = Batch()
            for append in appends:
                batch.add(append)
            ready.append(batch)
        began = time.perf_counter()
        for batch in ready:
            connection.execute("BEGIN IMMEDIATE")
            batch.write(connection)
            connection.execute("COMMIT")
        return time.perf_counter() - began
    finally:
        connection.close()
