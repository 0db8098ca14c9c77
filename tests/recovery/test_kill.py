"""A process that is killed again and again, in the middle of its work.

The child works a hundred tasks and more of mixed shape; every attempt leaves durable lines in a
ledger outside of the database. It gets SIGKILL at random moments, chosen by how
far the ledger has grown, and is started again until all tasks are at rest.
"""

import os
import random
import sys
from pathlib import Path

import anyio
import pytest
from msgspec import Struct

from tasker import Engine
from tests.recovery.verdict import broken_promises, ending, read_ledger, read_outcomes
from tests.recovery.work import acknowledged, definitions

ROOT = Path(__file__).parents[2]
LOOK_SECONDS = 0.001


class Run(Struct, frozen=True):
    """The files of one run, in a directory of its own."""

    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "work.db"

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger"

    @property
    def acknowledged(self) -> Path:
        return self.folder / "acknowledged"

    def grown(self) -> int:
        """Return how many bytes of work were done and acknowledged."""
        return sum(
            os.stat(path).st_size for path in (self.ledger, self.acknowledged) if path.exists()
        )

    def start(self, tasks: int):
        command = [sys.executable, "-m", "tests.recovery.work"]
        files = [self.database, self.ledger, self.acknowledged]
        return anyio.open_process([*command, *map(str, files), str(tasks)], cwd=ROOT, stderr=None)

    async def read(self):
        """Return the outcomes of all acknowledged tasks, by request."""
        ids = acknowledged(self.acknowledged)
        url = f"sqlite:///{self.database}"
        async with Engine.open(url, definitions=definitions(), work=False) as engine:
            found = await read_outcomes(engine, ids.values())
            counts = await engine.count_tasks()
        assert sum(counts.values()) == len(ids)
        return {number: found[task_id] for number, task_id in ids.items()}


async def undisturbed(run: Run, tasks: int) -> None:
    async with await run.start(tasks) as process:
        assert await process.wait() == 0


async def killed(run: Run, tasks: int, *, kills: int, whole: int, chance: random.Random) -> int:
    """Kill and restart until it is done; return how often it was killed.

    ``whole`` is how far the files grow in a run that is not killed: each kill
    comes when a random part of what is left for it was done.
    """
    done = 0
    while True:
        left = max(whole - run.grown(), 0)
        enough = run.grown() + int(chance.uniform(0.05, 1.3) * left / (kills - done + 1))
        async with await run.start(tasks) as process:
            while process.returncode is None:
                if done < kills and run.grown() > enough:
                    process.kill()
                    done += 1
                    break
                await anyio.sleep(LOOK_SECONDS)
            code = await process.wait()
        if code == 0:
            return done
        assert code == -9


async def kill_test(tmp_path: Path, *, tasks: int, kills: int, seed: int) -> None:
    peace, war = Run(tmp_path / "peace"), Run(tmp_path / "war")
    peace.folder.mkdir()
    war.folder.mkdir()
    await undisturbed(peace, tasks)
    expected = await peace.read()
    assert (
        broken_promises(
            read_ledger(peace.ledger.read_text()), {o.task.task_id: o for o in expected.values()}
        )
        == []
    )

    done = await killed(war, tasks, kills=kills, whole=peace.grown(), chance=random.Random(seed))
    assert done == kills

    # Every acknowledged submit exists, and every task ends as it would have unkilled.
    outcomes = await war.read()
    assert sorted(outcomes) == list(range(tasks))
    for number, outcome in outcomes.items():
        assert outcome.task.context == {"key": number}
        assert ending(outcome.task) == ending(expected[number].task), number

    # No step ran after it was complete, nor more often than is recorded.
    effects = read_ledger(war.ledger.read_text())
    assert broken_promises(effects, {o.task.task_id: o for o in outcomes.values()}) == []

    # The kills have hit work: attempts were lost, and tried again.
    lost = [
        entry
        for outcome in outcomes.values()
        for entry in outcome.history
        if entry.detail.get("error_class") == "AttemptLost"
    ]
    assert len(lost) > kills
    assert len(effects) > len(read_ledger(peace.ledger.read_text()))


@pytest.mark.timeout(180)
async def test_tasks_end_as_if_nobody_had_killed_their_process(tmp_path):
    await kill_test(tmp_path, tasks=100, kills=12, seed=1)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 7))
async def test_tasks_end_well_after_a_hundred_kills(tmp_path, seed):
    await kill_test(tmp_path, tasks=500, kills=100, seed=seed)
