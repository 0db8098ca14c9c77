"""The journal: many appends a commit, each with its own answer; and what a failure does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from tasker.actors.errors import ActorStoppedError
from tasker.actors.journal import PROBE_SECONDS, Journal
from tasker.actors.supervisor import Supervisor
from tasker.stores.errors import (
    AppendConflictError,
    DuplicateIdentityError,
    StaleLeaseError,
    StoreError,
    StoreUnavailableError,
)
from tasker.stores.records import Append
from tasker.testing import ManualClock
from tests.actors.world import FlakyStore, append_for, settle, unavailable
from tests.workflow.rules import make_task


class Desk:
    """A journal over a store, and what became of each append."""

    def __init__(self, **options: Any) -> None:
        self.store = FlakyStore()
        self.clock = ManualClock()
        self.health: list[StoreError | None] = []
        self.journal = Journal(self.store, self.clock, on_health=self.health.append, **options)
        self.answers: dict[str, Exception | None] = {}

    async def append(self, append: Append) -> None:
        try:
            await self.journal.append(append)
        except (StoreError, ActorStoppedError) as error:
            self.answers[append.task_id] = error
        else:
            self.answers[append.task_id] = None


@asynccontextmanager
async def desk(**options: int) -> AsyncIterator[Desk]:
    made = Desk(**options)
    await made.store.open()
    with anyio.fail_after(10):
        async with Supervisor("top") as top:
            top.adopt(made.journal)
            yield made


async def test_what_waits_goes_into_one_commit():
    async with desk() as d, anyio.create_task_group() as group:
        d.store.gate = anyio.Event()
        group.start_soon(d.append, append_for("first"))
        await settle()
        for n in range(50):
            group.start_soon(d.append, append_for(f"t{n}"))
        await settle()
        assert d.answers == {}
        d.store.gate.set()
        await settle()
        assert d.store.batches == [1, 50]
        assert set(d.answers.values()) == {None}
        statistics = d.journal.statistics()
        assert (statistics.appends, statistics.commits, statistics.failures) == (51, 2, 0)
        assert statistics.healthy


async def test_a_commit_has_a_greatest_size():
    async with desk(batch=20) as d, anyio.create_task_group() as group:
        d.store.gate = anyio.Event()
        for n in range(50):
            group.start_soon(d.append, append_for(f"t{n}"))
        await settle()
        d.store.gate.set()
        await settle()
        assert max(d.store.batches) <= 20
        assert sum(d.store.batches) == 50


async def test_an_append_is_answered_only_when_it_is_durable():
    async with desk() as d, anyio.create_task_group() as group:
        d.store.gate = anyio.Event()
        group.start_soon(d.append, append_for("t"))
        await settle()
        assert d.answers == {}
        assert await d.store.get_task("t") is None
        d.store.gate.set()
        await settle()
        assert d.answers == {"t": None}


async def test_a_refused_append_does_not_fail_the_others():
    async with desk() as d:
        await d.append(append_for("a", identity_expires_before=None))
        d.store.gate = anyio.Event()
        async with anyio.create_task_group() as group:
            for append in (
                append_for("b"),
                append_for("a", 2, epoch=7),
                append_for("c"),
                append_for("x", 2),
            ):
                group.start_soon(d.append, append)
            await settle()
            d.store.gate.set()
        assert d.answers["b"] is d.answers["c"] is None
        assert isinstance(d.answers["a"], StaleLeaseError)
        assert isinstance(d.answers["x"], StaleLeaseError)
        assert d.journal.broken is None
        await d.append(append_for("b", 1))
        assert isinstance(d.answers["b"], AppendConflictError)
        assert d.journal.statistics().appends == 3


async def test_a_full_journal_makes_appends_wait():
    async with desk(capacity=2, batch=1) as d, anyio.create_task_group() as group:
        d.store.gate = anyio.Event()
        for n in range(6):
            group.start_soon(d.append, append_for(f"t{n}"))
        await settle()
        assert d.journal.statistics().queued == 2  # one is being written, three wait for room
        d.store.gate.set()
        await settle()
        assert set(d.answers) == {f"t{n}" for n in range(6)}
        assert set(d.answers.values()) == {None}


async def test_one_that_is_cancelled_while_it_waits_for_room_has_appended_nothing():
    async with desk(capacity=1, batch=1) as d:
        d.store.gate = anyio.Event()
        async with anyio.create_task_group() as group:
            group.start_soon(d.append, append_for("written"))
            await settle()
            group.start_soon(d.append, append_for("queued"))
            await settle()
            with anyio.move_on_after(0.01) as scope:
                await d.journal.append(append_for("gone"))
            assert scope.cancelled_caught
            d.store.gate.set()
        assert await d.store.get_task("gone") is None
        assert d.answers == {"written": None, "queued": None}


async def test_one_that_is_cancelled_once_it_is_queued_learns_the_outcome():
    async with desk() as d, anyio.create_task_group() as group:
        d.store.gate = anyio.Event()
        with anyio.CancelScope() as scope:
            group.start_soon(cancel_then_open, scope, d.store.gate)
            await d.append(append_for("t"))
        assert d.answers == {"t": None}
        assert await d.store.get_task("t") is not None


async def cancel_then_open(scope: anyio.CancelScope, gate: anyio.Event) -> None:
    await settle()
    scope.cancel()
    await settle()
    gate.set()


@pytest.mark.parametrize("failing", [unavailable(), OSError("a fault in the driver")], ids=repr)
async def test_a_commit_that_fails_fails_all_in_it_and_a_probe_mends_it(failing: Exception):
    async with desk() as d:
        d.store.failing = failing
        async with anyio.create_task_group() as group:
            for n in range(5):
                group.start_soon(d.append, append_for(f"t{n}"))
        assert all(isinstance(d.answers[f"t{n}"], StoreUnavailableError) for n in range(5))
        assert d.journal.broken is not None
        assert not d.journal.statistics().healthy
        commits = len(d.store.batches)
        await d.append(append_for("later"))
        assert isinstance(d.answers["later"], StoreUnavailableError)
        assert len(d.store.batches) == commits  # a store that failed is not tried by appends
        await d.clock.advance(PROBE_SECONDS)
        assert d.store.probes == 1
        assert d.journal.broken is not None

        mended = []

        async def wait() -> None:
            await d.journal.recovered()
            mended.append(True)

        async with anyio.create_task_group() as group:
            group.start_soon(wait)
            await settle()
            assert mended == []
            d.store.failing = None
            await d.clock.advance(PROBE_SECONDS)
        assert mended == [True]
        await d.append(append_for("after"))
        assert d.answers["after"] is None
        assert [error is None for error in d.health] == [False, True]
        await d.journal.recovered()


async def test_settled_comes_after_all_that_was_queued_before():
    async with desk() as d, anyio.create_task_group() as group:
        d.store.gate = anyio.Event()
        group.start_soon(d.append, append_for("a"))
        await settle()
        group.start_soon(d.append, append_for("b"))
        await settle()
        seen: list[int] = []

        async def wait() -> None:
            await d.journal.settled()
            seen.append(len(d.answers))

        group.start_soon(wait)
        await settle()
        assert seen == []
        d.store.gate.set()
        await settle()
        assert seen == [2]
        assert d.journal.statistics().appends == 2


async def test_settled_alone_commits_nothing_and_says_when_the_store_is_broken():
    async with desk() as d:
        await d.journal.settled()
        assert d.store.batches == []
        d.store.failing = unavailable()
        await d.append(append_for("t"))
        with pytest.raises(StoreUnavailableError):
            await d.journal.settled()


async def test_what_is_queued_when_the_journal_ends_is_still_recorded():
    d = Desk()
    await d.store.open()
    d.store.gate = anyio.Event()
    async with anyio.create_task_group() as group, Supervisor("top") as top:
        top.adopt(d.journal)
        group.start_soon(d.append, append_for("written"))
        await settle()
        group.start_soon(d.append, append_for("queued"))
        await settle()
        group.start_soon(cancel_then_open, anyio.CancelScope(), d.store.gate)
    assert d.answers["written"] is None  # a commit under way ends first
    assert d.answers["queued"] is None
    assert await d.store.get_task("queued") is not None


async def test_a_second_task_of_an_identity_is_refused_with_the_first_ones_id():
    async with desk() as d:
        for task_id in ("one", "two"):
            created = make_task(task_id=task_id, identity="i")
            await d.append(append_for(task_id, created=created))
        assert isinstance(d.answers["two"], DuplicateIdentityError)
        assert d.answers["two"].task_id == "one"


async def test_a_plain_asyncio_cancellation_does_not_disturb_the_journal():
    async with desk() as d:
        d.store.gate = anyio.Event()
        waits = asyncio.ensure_future(d.append(append_for("t")))
        await settle()
        waits.cancel()
        await settle()
        d.store.gate.set()
        await d.journal.settled()
        assert await d.store.get_task("t") is not None
        await d.append(append_for("u"))
        assert d.answers["u"] is None
