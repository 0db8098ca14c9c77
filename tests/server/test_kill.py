"""A server that is killed again and again under load loses nothing that it answered."""

import threading
from itertools import count

import httpx

from tests.cli.command import eventually
from tests.server.serving import REPORT, served

ROUNDS = 3
CLIENTS = 4
ANSWERED_A_ROUND = 40


class Load:
    """Clients that create tasks until the server is gone; what it answered, and did not."""

    def __init__(self):
        self.answered = {}
        self.unanswered = []
        self.unkeyed = []
        self.odd = []
        self._numbers = count()

    def begin(self, url):
        clients = [threading.Thread(target=self._create, args=[url]) for _ in range(CLIENTS)]
        for each in clients:
            each.start()
        return clients

    def _create(self, url):
        with httpx.Client(base_url=url, timeout=25) as client:
            while True:
                number = next(self._numbers)
                key = None if number % 4 == 0 else f"key-{number}"
                headers = {} if key is None else {"Idempotency-Key": key}
                try:
                    answer = client.post("/tasks", json=REPORT, headers=headers)
                except httpx.TransportError:
                    if key is not None:
                        self.unanswered.append(key)
                    return
                if answer.status_code != 201:
                    self.odd.append(answer.text)
                elif key is None:
                    self.unkeyed.append(answer.json()["task_id"])
                else:
                    self.answered[key] = answer.json()["task_id"]


def repeat(client, key):
    answer = client.post("/tasks", json=REPORT, headers={"Idempotency-Key": key})
    return answer.status_code, answer.json()["task_id"]


def test_every_task_that_was_answered_is_there_and_finishes(tmp_path):
    load = Load()
    for number in range(1, ROUNDS + 1):
        with served(tmp_path) as server:
            # What was answered before an earlier end is the same task now, under load too.
            before = dict(load.answered)
            clients = load.begin(server.url)
            for key, task_id in before.items():
                assert repeat(server.client, key) == (200, task_id)
            wanted = number * ANSWERED_A_ROUND
            eventually(lambda: len(load.answered) >= wanted)  # noqa: B023
            server.child.kill()
            for each in clients:
                each.join(25)
                assert not each.is_alive()
    assert load.odd == []
    # Each of the clients was cut off in the middle of a request, mostly one with a key.
    assert load.unanswered
    with served(tmp_path) as server:
        for key, task_id in load.answered.items():
            assert repeat(server.client, key) == (200, task_id)
        for key in load.unanswered:
            status, task_id = repeat(server.client, key)
            assert status in (200, 201)
            assert repeat(server.client, key) == (200, task_id)
            load.answered[key] = task_id
        known = {*load.answered.values(), *load.unkeyed}
        assert len(known) == len(load.answered) + len(load.unkeyed)
        for task_id in known:
            shown = server.get(f"/tasks/{task_id}", headers={"Prefer": "wait=20"}).json()
            assert shown["status"] == "complete"
        # Nothing is there twice: beside them only what was asked for without a key or an answer.
        total = server.get("/tasks", params={"per_page": 1}).json()["pagination"]["total_count"]
        assert len(known) <= total <= len(known) + ROUNDS * CLIENTS
