"""Streams of events: whole, in order, and gone on with after a loss."""

import json

import httpx

from tests.server.serving import REPORT, events_of, problem, served


def follow(server, path, *, last=None, stop=None, **params):
    """Return the events of a stream, to its end or to the one with which `stop` is content."""
    headers = {} if last is None else {"Last-Event-ID": last}
    found = []
    with server.client.stream("GET", path, headers=headers, params=params) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        for event in events_of(answer.iter_lines()):
            found.append(event)
            if stop is not None and stop(event):
                break
    return found


def ids(events):
    return [event["id"] for event in events if "id" in event]


def test_the_changes_of_a_task_are_listed_from_where_one_likes(server):
    path = f"/tasks/{server.task(REPORT)['task_id']}/events"
    listed = server.get(path).json()
    assert listed["events"][0]["to_status"] == "pending"
    assert listed["next_after"] == listed["events"][-1]["seq"] == 3
    rest = server.get(path, params={"after": 1}).json()["events"]
    assert rest == [event for event in listed["events"] if event["seq"] > 1]
    assert server.get(path, params={"after": 3}).json() == {
        **listed,
        "events": [],
        "next_after": None,
    }
    problem(server.get(path, params={"after": -1}), 422, "INVALID_REQUEST")


def test_a_task_is_followed_from_its_beginning_to_its_end(server):
    task, gate = server.running_task()
    path = f"/tasks/{task['task_id']}/events"
    found = []
    with server.client.stream("GET", f"{path}/stream") as answer:
        for event in events_of(answer.iter_lines()):
            found.append(event)
            gate.touch()  # after the first event: the stream was there before the end
    listed = server.get(path).json()["events"]
    assert found[-1]["event"] == "end"
    assert [json.loads(event["data"]) for event in found[:-1]] == listed
    assert {event["event"] for event in found[:-1]} == {"task", "step"}
    assert len(set(ids(found))) == len(listed)


def test_a_stream_of_a_task_goes_on_after_each_event(server):
    path = f"/tasks/{server.task(REPORT)['task_id']}/events/stream"
    whole = ids(follow(server, path))
    listed = server.get(path.removesuffix("/stream")).json()["events"]
    assert len(whole) == len(listed) > 3
    for at, last in enumerate(whole):
        assert ids(follow(server, path, last=last)) == whole[at + 1 :]
    assert ids(follow(server, path, after=2)) == [each for each in whole if each[0] > "2"]
    # An id that is of another stream begins anew: nothing is missed.
    assert ids(follow(server, path, last="what/is/this")) == whole
    long = {"Last-Event-ID": "x" * 501}
    problem(server.get(path, headers=long), 400, "INVALID_HEADER")


def test_a_stream_of_a_task_goes_on_after_the_server_was_killed(tmp_path):
    with served(tmp_path) as first:
        task, gate = first.running_task()
        path = f"/tasks/{task['task_id']}/events/stream"
        seen = ids(follow(first, path, stop=lambda event: event["event"] == "step"))
        first.child.kill()
    with served(tmp_path) as second:
        gate.touch()
        second.get(f"/tasks/{task['task_id']}", headers={"Prefer": "wait=20"})
        rest = ids(follow(second, path, last=seen[-1]))
        assert seen + rest == ids(follow(second, path))


def test_all_tasks_are_followed_as_they_go(server):
    ended = []

    def last_of_two(event):
        ended.append(event["event"] == "task.completed")
        return sum(ended) == 2

    with httpx.Client(base_url=server.url, timeout=25) as other:
        found, tasks = [], []
        with server.client.stream("GET", "/events/stream", params={"name": "task.*"}) as answer:
            lines = answer.iter_lines()
            assert next(lines).startswith("retry: ")
            for _ in range(2):
                tasks.append(other.post("/tasks", json=REPORT).json()["task_id"])
            for event in events_of(lines):
                found.append(event)
                if last_of_two(event):
                    break
        # The reader was away while a third one ran, and misses nothing of it.
        server.task(REPORT)
        ended.clear()
        rest = follow(
            server,
            "/events/stream",
            last=found[-1]["id"],
            name="task.*",
            stop=lambda event: event["event"] == "task.completed",
        )
    mine = [json.loads(event["data"]) for event in found]
    assert {event["task_id"] for event in mine} == set(tasks)
    assert {event["event"] for event in found} <= {
        "task.created",
        "task.start_requested",
        "task.completed",
    }
    assert [event["event"] for event in rest] == [
        "task.created",
        "task.start_requested",
        "task.completed",
    ]
    assert all(event["id"] == json.loads(event["data"])["event_id"] for event in found + rest)


def test_a_stream_that_cannot_go_on_says_so_first(server):
    [first] = follow(server, "/events/stream", last="long/ago", stop=lambda event: True)
    assert first == {"event": "gap", "data": "{}"}
    wrong = server.get("/events/stream", params={"name": "task.exploded"})
    problem(wrong, 422, "INVALID_REQUEST")
