"""A process that is killed in the middle of delivering: every event comes, in order.

The receiver lives in the test and keeps a ledger of what it took. It breaks connections,
fails, answers late, and is away for a while. The process is killed at random moments,
chosen by how far the ledger has grown.
"""

import random
import sys
from collections import Counter, defaultdict
from pathlib import Path

import anyio
import msgspec
import pytest

from tasker import Engine
from tasker.actors.workflow.states import AT_REST
from tasker.events import new_secret, verify_webhook
from tasker.events.event import tag_of
from tasker.events.facts import STEP_FACTS, task_kind
from tasker.stores.records import Transition
from tests.handlers.http_server import Response, http_server
from tests.recovery.work import acknowledged, definitions

ROOT = Path(__file__).parents[2]


class Receiver:
    """Takes webhooks, for the most part, and keeps the ids of their events by task."""

    def __init__(self, chance):
        self.secret = new_secret()
        self.ledger = defaultdict(list)
        self.taken = self.refused = 0
        self.away = False
        self._chance = chance

    def answer(self, request):
        if self.away:
            self.refused += 1
            return Response(reset=True)
        verify_webhook(request.body, request.headers, self.secret)
        event = msgspec.json.decode(request.body)["data"]
        outcome = self._chance.random()
        if outcome < 0.05:
            self.refused += 1
            return Response(status=503)
        self.taken += 1
        self.ledger[event["task_id"]].append(event["event_id"])
        # Taken, and the sender never hears of it.
        return Response(reset=True) if outcome < 0.1 else Response(status=204)


async def start(folder, tasks, url, secret):
    files = [folder / name for name in ("work.db", "effects", "acknowledged")]
    command = [sys.executable, "-m", "tests.recovery.notified", *map(str, files)]
    return await anyio.open_process([*command, str(tasks), url, secret], cwd=ROOT, stderr=None)


async def told_by_history(folder):
    """Return the ids of the events that each task has to have told, in order."""
    async with Engine.open(
        f"sqlite:///{folder / 'work.db'}", definitions=definitions(), work=False
    ) as engine:
        found: dict[str, list[str]] = {}
        for task_id in acknowledged(folder / "acknowledged").values():
            assert (await engine.get(task_id)).state in AT_REST
            numbers: Counter[int] = Counter()
            found[task_id] = ids = []
            for entry in await engine.history(task_id):
                number = numbers[entry.seq]
                numbers[entry.seq] += 1
                ids.append(f"{task_id}/{entry.seq}/{number}/{name_of(entry)}")
        assert await engine.subscriptions.dead_letters() == []
    return found


def name_of(entry):
    if entry.step is not None:
        return tag_of(STEP_FACTS[entry.to_state][0])
    if entry.from_state is None:
        return "task.created"
    moved = Transition(from_state=entry.from_state, to_state=entry.to_state)
    return tag_of(task_kind(moved))


async def kill_test(folder, *, tasks, kills, seed):
    chance = random.Random(seed)
    receiver = Receiver(chance)
    done, away_at = 0, chance.randrange(1, kills)
    async with http_server(receiver.answer) as server:
        while True:
            enough = receiver.taken + chance.randrange(5, 12 * tasks // kills)
            receiver.away = done == away_at
            patience = receiver.refused + 40
            async with await start(folder, tasks, server.url, receiver.secret) as process:
                while process.returncode is None:
                    if done < kills and receiver.taken > enough:
                        process.kill()
                        done += 1
                        break
                    if receiver.away and receiver.refused > patience:
                        # One killed in the face of a receiver that is away.
                        process.kill()
                        done += 1
                        break
                    await anyio.sleep(0.001)
                code = await process.wait()
            if code == 0:
                break
            assert code == -9
    wanted = await told_by_history(folder)
    assert len(wanted) == tasks
    repeated = 0
    for task_id, ids in wanted.items():
        heard = receiver.ledger[task_id]
        # At least once each, for the first time in the order of the history.
        assert list(dict.fromkeys(heard)) == ids
        repeated += len(heard) - len(ids)
    assert done == kills
    # The kills have hit deliveries.
    assert repeated > 0


@pytest.mark.timeout(180)
async def test_every_event_is_delivered_in_order_whenever_the_process_is_killed(tmp_path):
    await kill_test(tmp_path, tasks=60, kills=8, seed=1)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 7))
async def test_every_event_is_delivered_after_fifty_kills(tmp_path, seed):
    await kill_test(tmp_path, tasks=300, kills=50, seed=seed)
