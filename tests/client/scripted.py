"""A server that answers by a script, and a clock that tells how long was waited."""

from collections.abc import AsyncIterator
from typing import Any

import httpx

from tasker.actors.clock import SystemClock
from tasker.client import ClientConfig, TaskerClient

URL = "http://tasker.example/tasker"


class Waits(SystemClock):
    """The machine's time, but nobody waits: ``waited`` has the seconds."""

    def __init__(self) -> None:
        self.waited: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)


class Broken(httpx.AsyncByteStream):
    """A body that breaks off after its parts, or just ends."""

    def __init__(self, *parts: str, error: Exception | None = None) -> None:
        self._parts = parts
        self._error = error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            yield part.encode()
        if self._error is not None:
            raise self._error


class Script:
    """Answers each request with the next of the answers, and keeps the requests."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer: Any = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, httpx.Response)
        return answer


def client_of(script: Script, clock: Waits | None = None, **config: Any) -> TaskerClient:
    return TaskerClient(
        URL,
        config=ClientConfig(**config),
        clock=clock or Waits(),
        environ={},
        transport=httpx.MockTransport(script),
    )


def problem(status: int, code: str, message: str = "no", **headers: str) -> httpx.Response:
    body = {
        **{"type": "x", "title": "x", "status": status, "code": code},
        **{"detail": message, "message": message},
    }
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json=body, headers=named)
