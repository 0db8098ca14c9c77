"""A store that fails while work goes on: told clearly, nothing lost, and over without a restart."""

from collections import Counter
from datetime import UTC, datetime

import anyio
import pytest

from tasker import Backoff, DuplicateTaskError, Engine, EngineConfig, define
from tasker.errors import StoreUnavailableError
from tasker.stores import MemoryStore, SqliteStore
from tasker.testing import testing_engine
from tests.engine.support import Gate, request, until

QUICK = EngineConfig(
    backoff=Backoff(delays=(0.01,), exponent=0.0, max_seconds=0.01), shutdown_seconds=5
)
LARGE = "x" * 20_000  # more than fits into the pages that a small database has


class FailingStore(MemoryStore):
    """A store in memory whose commits can be made to fail.

    ``fails`` says, by the commit's number, whether it fails; ``recording`` whether
    a failing commit is in the store all the same, as when only the answer is lost.
    """

    def __init__(self, *, recording=False):
        super().__init__()
        self.fails = lambda number: False
        self.recording = recording
        self.commits = 0
        self.reads_fail = False

    def _error(self, operation):
        return StoreUnavailableError(url="failing://", operation=operation, cause="no more disk")

    async def commit(self, appends):
        self.commits += 1
        failing = self.fails(self.commits)
        outcomes = [None] if failing and not self.recording else await super().commit(appends)
        if failing:
            raise self._error("commit")
        return outcomes

    async def probe(self):
        if self.fails(self.commits + 1):
            raise self._error("probe")

    async def get_task(self, task_id):
        if self.reads_fail:
            raise self._error("read")
        return await super().get_task(task_id)

    async def claim_backlog(self, node_id, limit):
        if self.reads_fail:
            raise self._error("claim")
        return await super().claim_backlog(node_id, limit)


def counted(gate=None, large=""):
    """Return a definition of three steps in a row, and how often each ran for each task."""
    definition = define("work")
    ran: Counter[tuple[str, str]] = Counter()

    async def step(task, step):
        ran[task.task_id, step.name] += 1
        if gate is not None and step.name == "first":
            await gate.pass_through()
        return step.name + large

    definition.add_step("first", step)
    definition.add_step("second", step, depends_on=["first"])
    definition.add_step("third", step, depends_on=["second"])
    return definition, ran


async def test_a_full_disk_stops_the_work_and_room_lets_it_go_on(tmp_path):
    store = SqliteStore(tmp_path / "full.db")
    gate = Gate()
    definition, ran = counted(gate, LARGE)
    async with Engine.open(store, definitions=definition, config=QUICK) as engine:
        ids = [await engine.submit(request(context={"n": n})) for n in range(20)]
        await gate.until(entered=20)
        await store.execute("PRAGMA max_page_count = 1")
        gate.open()
        await until(lambda: not engine.health().healthy)
        assert "full" in (engine.health().trouble or "")
        with pytest.raises(StoreUnavailableError, match="full"):
            await engine.submit(request(context={"text": LARGE}))
        with pytest.raises(StoreUnavailableError, match="full"):
            await engine.annotate(ids[0], "note", {"text": LARGE})

        # What was acknowledged can be read, and nothing ran ahead of the store.
        for task_id in ids:
            task = await engine.get(task_id)
            assert task.state == "in_progress"
            assert ran[task_id, "third"] == 0
            assert ran[task_id, "second"] == task.step("second").attempts

        await store.execute("PRAGMA max_page_count = 1000000")
        for task_id in ids:
            task = await engine.wait(task_id, timeout_seconds=20)
            assert task.state == "complete"
            assert [step.attempts for step in task.steps] == [1, 1, 1]
        assert set(ran.values()) == {1}
        assert engine.health().healthy
        assert engine.health().trouble is None
        assert (await engine.run(request(context={"text": LARGE}))).state == "complete"
        assert sum((await engine.count_tasks()).values()) == 21


@pytest.mark.parametrize("recording", [False, True], ids=["lost", "recorded"])
@pytest.mark.parametrize("number", range(2, 5))
async def test_any_commit_may_fail_and_no_step_runs_again(number, recording):
    store = FailingStore(recording=recording)
    definition, ran = counted()
    async with testing_engine(definition, store=store) as engine:
        start = store.commits
        store.fails = lambda commit: commit == start + number
        task = await engine.run(request(), timeout_seconds=20)
        assert store.commits >= start + number
        assert task.state == "complete"
        assert [step.attempts for step in task.steps] == [1, 1, 1]
        assert ran == dict.fromkeys([(task.task_id, s) for s in ("first", "second", "third")], 1)
        history = await engine.history(task.task_id)
        assert len({(each.step, each.to_state) for each in history}) == len(history) == 9
        assert engine.captured.names(task.task_id).count("task.completed") == 1


@pytest.mark.parametrize("recording", [False, True], ids=["lost", "recorded"])
@pytest.mark.parametrize("limit", [1, 1000], ids=["full", "roomy"])
async def test_a_submit_that_failed_is_there_whole_or_not_at_all(recording, limit):
    store, gate = FailingStore(recording=recording), Gate()
    definition, ran = counted()
    config = EngineConfig(max_resident_tasks=limit, shutdown_seconds=0)
    async with testing_engine(
        [definition, gate.definition("first")], store=store, config=config
    ) as engine:
        await engine.submit(request("first"))
        await gate.until(entered=1)
        start = store.commits
        store.fails = lambda commit: commit == start + 1
        with pytest.raises(StoreUnavailableError, match="no more disk"):
            await engine.submit(request(idempotency_key="k"))
        assert not engine.health().healthy
        await engine.clock.advance(1)
        assert engine.health().healthy
        gate.open()
        # Whoever asks again gets the one task, and it runs without a restart.
        try:
            task_id = await engine.submit(request(idempotency_key="k"))
            assert not recording
        except DuplicateTaskError as error:
            task_id = error.task_id
            assert recording
        task = await engine.wait(task_id, timeout_seconds=20)
        assert task.state == "complete"
        assert set(ran.values()) == {1}
        assert sum((await engine.count_tasks()).values()) == 2


async def test_an_outage_in_mid_run_is_told_and_waited_for():
    store, gate = FailingStore(), Gate()
    definition, ran = counted(gate)
    async with testing_engine(definition, store=store) as engine:
        ids = [await engine.submit(request(context={"n": n})) for n in range(50)]
        await gate.until(entered=50)
        store.fails = lambda commit: True
        with anyio.fail_after(20):
            with pytest.raises(StoreUnavailableError, match="no more disk"):
                await engine.submit(request())
            assert engine.health().trouble is not None
            assert "no more disk" in (engine.health().trouble or "")
            assert not engine.health().journal.healthy
            with pytest.raises(StoreUnavailableError, match="no more disk"):
                await engine.cancel(ids[0])
            gate.open()
            await gate.until(left=50)
            await anyio.sleep(0.05)  # long enough for whoever would run ahead to do so
            assert sum(ran.values()) == 50
            assert [(await engine.get(task_id)).state for task_id in ids] == ["in_progress"] * 50
            store.fails = lambda commit: False
            for task_id in ids:
                task = await engine.wait(task_id)
                assert (task.state, task.step("third").attempts) == ("complete", 1)
        assert set(ran.values()) == {1}
        assert engine.health().healthy


async def test_an_outage_of_reads_is_waited_for():
    store, gate = FailingStore(), Gate()
    definition, ran = counted()
    config = EngineConfig(max_resident_tasks=2, shutdown_seconds=0)
    definitions = [definition, gate.definition("first")]
    async with testing_engine(definitions, store=store, config=config) as engine:
        for _ in range(2):
            await engine.submit(request("first"))
        ids = [await engine.submit(request(context={"n": n})) for n in range(10)]
        await gate.until(entered=2)
        store.reads_fail = True
        gate.open()
        await gate.until(left=2)
        with pytest.raises(StoreUnavailableError):
            await engine.get(ids[0])
        store.reads_fail = False
        for task_id in ids:
            assert (await engine.wait(task_id, timeout_seconds=20)).state == "complete"
        assert set(ran.values()) == {1}


async def test_an_engine_can_be_left_while_its_store_is_broken():
    store, gate = FailingStore(), Gate()
    definition, _ = counted(gate)
    with anyio.fail_after(30):
        async with testing_engine(definition, store=store) as engine:
            task_id = await engine.submit(request())
            await gate.until(entered=1)
            store.fails = lambda commit: True
            gate.open()
            await until(lambda: not engine.health().healthy)
    store.fails = lambda commit: False
    definition, ran = counted()
    async with testing_engine(definition, store=store) as engine:
        task = await engine.wait(task_id, timeout_seconds=20)
        # The result that could not be recorded was not acknowledged: it is tried again.
        assert (task.state, task.step("first").attempts) == ("complete", 2)
        assert set(ran.values()) == {1}
        assert task.ended_at is not None
        assert task.ended_at > datetime(2023, 1, 1, tzinfo=UTC)
