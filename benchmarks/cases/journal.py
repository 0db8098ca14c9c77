"""What does the journal cost over a bare SQLite transaction of the same rows?

The appends of diamonds, as the engine makes them, so many to a commit: through the
journal actor and the store with its thread, checks and answers; and as rows that
were made before the clock started, written by a loop.
"""

import time
from collections.abc import Sequence
from functools import partial

import anyio.to_thread

from benchmarks.case import Case, Contender, Ground, Ratio, Sample, Settings
from benchmarks.limits import bare_transactions
from benchmarks.recorded import batched, diamond_appends
from tasker.actors.clock import SystemClock
from tasker.actors.envelope import Reply
from tasker.actors.journal import Journal
from tasker.actors.supervisor import Supervisor
from tasker.stores.records import Append
from tasker.stores.sqlite.schema import Durability
from tasker.stores.urls import make_store

BATCHES = (1, 64, 512)
QUICK_BATCHES = (1, 8)


def _batches(settings: Settings) -> tuple[int, ...]:
    return QUICK_BATCHES if settings.quick else BATCHES


def _contenders(settings: Settings) -> list[Contender]:
    [store] = settings.stores("sqlite")
    writers = ("journal", "bare") if store.startswith("sqlite") else ("journal",)
    return [
        Contender(
            name=f"{writer}, {size} a commit", store=store, options={"size": size, "writer": writer}
        )
        for size in _batches(settings)
        for writer in writers
    ]


async def _sample(contender: Contender, ground: Ground) -> Sample:
    size = contender.options["size"]
    tasks = ground.settings.scaled(400 if size == 1 else 4_000, 8)
    batches = batched(await diamond_appends(tasks), size)
    appends = sum(len(batch) for batch in batches)
    if contender.options["writer"] == "journal":
        seconds = await _through_journal(ground.fresh_url(contender), batches, size)
    else:
        durability: Durability = "relaxed" if contender.store == "sqlite-relaxed" else "strict"
        folder = ground.directory / str(ground.repeat)
        await anyio.Path(folder).mkdir()
        seconds = await anyio.to_thread.run_sync(
            partial(bare_transactions, folder, batches, durability)
        )
    return Sample(
        metrics={
            "append_us": seconds / appends * 1e6,
            "appends_per_second": appends / seconds,
            "commits_per_second": len(batches) / seconds,
        }
    )


async def _through_journal(url: str, batches: list[Sequence[Append]], size: int) -> float:
    store = make_store(url)
    await store.open()
    try:
        async with Supervisor("bench") as branch:
            journal = Journal(store, SystemClock(), batch=size)
            branch.adopt(journal)
            began = time.perf_counter()
            for batch in batches:
                replies: list[Reply[None]] = [Reply() for _ in batch]
                for append, reply in zip(batch, replies, strict=True):
                    await journal.enqueue(append, reply.settle)
                for reply in replies:
                    await reply.wait()
            return time.perf_counter() - began
    finally:
        await store.close()


def _ratios(settings: Settings) -> list[Ratio]:
    return [
        Ratio(
            name=f"{size} a commit: journal over bare",
            of=(f"journal, {size} a commit", "append_us"),
            to=(f"bare, {size} a commit", "append_us"),
        )
        for size in _batches(settings)
    ]


CASE = Case(question=__doc__ or "", contenders=_contenders, sample=_sample, ratios=_ratios)
