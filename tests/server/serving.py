"""A real server, in a process of its own, and a client that talks to it over a socket."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.cli.command import ROOT, read_until, running

PROBLEM = "application/problem+json"
CHECKOUT = {"name": "checkout", "namespace": "shop"}
REPORT = {"name": "report", "namespace": "office"}


@dataclass
class Served:
    """A server that runs, and its client; paths are below the prefix."""

    url: str
    client: httpx.Client
    child: subprocess.Popen[str]
    folder: Path

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.client.get(path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        return self.client.post(path, json=body, **options)

    def task(self, body: dict[str, Any] | None = None, *, wait: int = 20, **context: Any) -> Any:
        """Create a task, of `checkout` unless told otherwise, and return it once it rests."""
        asked = body or {**CHECKOUT, "context": {"order": 7, **context}}
        answer = self.post("/tasks", asked, headers={"Prefer": f"wait={wait}"})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def failed_task(self) -> Any:
        """Create a task whose `charge` is declined, and return it in error."""
        task = self.task(declined=True)
        assert task["status"] == "error"
        return task

    def running_task(self) -> tuple[Any, Path]:
        """Create a task whose first step waits for a file; return both."""
        gate = self.folder / f"gate-{len(list(self.folder.iterdir()))}-{id(object())}"
        return self.task(wait=0, gate=str(gate)), gate


@contextmanager
def served(
    folder: Path, *arguments: object, app: str = "tests.server.shop:every"
) -> Iterator[Served]:
    """Have a server run meanwhile, on any port that is free."""
    with running(
        *("serve", "--json", "--port", 0, "--app", app),
        *("--store", f"sqlite:///{folder / 'tasks.db'}"),
        *arguments,
        cwd=ROOT,
    ) as child:
        line = read_until(child, "server.started").splitlines()[-1]
        url = json.loads(line)["url"]
        with httpx.Client(base_url=url, timeout=25) as client:
            yield Served(url, client, child, folder)


def problem(answer: httpx.Response, status: int, code: str) -> Any:
    """Return a problem, after a look at all that every one of them has."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM), answer.text
    found = answer.json()
    assert found["code"] == code, found
    assert found["status"] == status
    assert found["detail"] == found["message"] != ""
    assert found["type"] == f"urn:tasker:problem:{code.lower().replace('_', '-')}"
    assert found["title"]
    return found


def events_of(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    """Yield the server-sent events of a stream as they come."""
    event: dict[str, str] = {}
    for line in lines:
        if not line:
            if "event" in event:
                yield event
            event = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(": ")
            event[name] = value
