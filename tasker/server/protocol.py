"""Connections as uvicorn handles them, with a time and a size for the head of a request.

A client that sends a byte now and then would hold a connection, and with enough of them all
that this process may open. uvicorn has no time for that of its own; and with httptools, which
it reads requests with where that is installed, no bound for what a head holds.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from uvicorn.protocols.http.auto import AutoHTTPProtocol

MOST_HEAD_BYTES = 65_536
"""What the head of a request may have: as much as uvicorn's other reader of requests takes."""
_HEAD_END = b"\r\n\r\n"
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"connection: close\r\ncontent-length: 0\r\n\r\n"
)


class PatientProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """Closes a connection that keeps it waiting for the head of a request, or sends too much.

    The time counts from the connection, then from the first byte after a request.
    """

    head_seconds: ClassVar[float]
    _deadline: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _head_tail = b""

    def connection_made(self, transport: Any) -> None:
        """See `asyncio.Protocol.connection_made`."""
        super().connection_made(transport)
        self._begin_waiting()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol.data_received`."""
        in_head = not self._is_in_body()
        if in_head and self._is_too_large(data):
            self._end_waiting()
            self.transport.write(_TOO_LARGE)
            self.transport.close()
            return
        super().data_received(data)
        if self._is_answering():
            self._head_bytes, self._head_tail = 0, b""
            self._end_waiting()
            return
        if in_head:
            self._head_bytes += len(data)
            self._head_tail = (self._head_tail + data)[-len(_HEAD_END) + 1 :]
        if self._deadline is None:
            self._begin_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol.connection_lost`."""
        self._end_waiting()
        super().connection_lost(exc)

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _is_in_body(self) -> bool:
        # What was refused may have been answered before all of its body was there.
        return self.cycle is not None and (self.cycle.more_body or self._is_answering())

    def _is_too_large(self, data: bytes) -> bool:
        if self._head_bytes + len(data) <= MOST_HEAD_BYTES:
            return False
        # What follows the end of the head is a body, for which there is another bound.
        end = (self._head_tail + data).find(_HEAD_END)
        return self._head_bytes + (len(data) if end < 0 else end) > MOST_HEAD_BYTES

    def _begin_waiting(self) -> None:
        self._deadline = self.loop.call_later(self.head_seconds, self._give_up)

    def _end_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if not self._is_answering():
            self.transport.close()


def patient_protocol(seconds: float) -> type[asyncio.Protocol]:
    """Return the protocol that waits so long for the head of a request."""
    return type("PatientProtocol", (PatientProtocol,), {"head_seconds": seconds})
