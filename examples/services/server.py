"""The shop behind HTTP: routes, JSON, and the faults of a real network."""

from __future__ import annotations

import json
import math
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from examples.services.books import Books
from examples.services.faults import Fault, Faults
from examples.services.shop import Answer, Shop

RETRY_AFTER_SECONDS = 1
SLOW_SECONDS = 5.0


class ShopServer(ThreadingHTTPServer):
    """Serves a `Shop` on loopback; port 0 picks a free one."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, shop: Shop, faults: Faults, *, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _ShopRequest)
        self.shop = shop
        self.faults = faults
        self.closing = threading.Event()
        self.routes = {
            "/payments": shop.charge,
            "/reservations": shop.reserve,
            "/orders": shop.place_order,
            "/mails": shop.send_mail,
        }

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_port}"


class _ShopRequest(BaseHTTPRequestHandler):
    server: ShopServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.path == "/summary":
            self._send(Answer(200, self.server.shop.summary()))
        else:
            self._send(Answer(404, {"error": "not_found", "path": self.path}))

    def do_POST(self) -> None:
        try:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
            if self.path == "/admin/faults":
                self.server.faults.order(body["path"], Fault(body["fault"]), body.get("times", 1))
                self._send(Answer(201, body))
            elif self.path in self.server.routes:
                self._serve(body, self.headers["Idempotency-Key"])
            else:
                self._send(Answer(404, {"error": "not_found", "path": self.path}))
        except (KeyError, TypeError, ValueError) as wrong:
            self._send(Answer(400, {"error": "bad_request", "reason": repr(wrong)}))

    def _serve(self, body: dict[str, Any], key: str | None) -> None:
        if not key:
            return self._send(Answer(400, {"error": "idempotency_key_missing"}))
        fault = self.server.faults.take(self.path, key, body.get("token"))
        if fault in (Fault.UNAVAILABLE, Fault.UNAVAILABLE_UNTIL):
            again = str(RETRY_AFTER_SECONDS)
            if fault is Fault.UNAVAILABLE_UNTIL:
                again = formatdate(math.ceil(time.time()) + RETRY_AFTER_SECONDS, usegmt=True)
            return self._send(Answer(503, {"error": "unavailable"}), {"Retry-After": again})
        answer = self.server.routes[self.path](key, body)
        if fault is Fault.RESET:
            return self._reset()
        if fault is Fault.SLOW:
            self.server.closing.wait(SLOW_SECONDS)
        return self._send(answer)

    def _send(self, answer: Answer, headers: Mapping[str, str] | None = None) -> None:
        data = json.dumps(answer.body).encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        with suppress(OSError):  # the client may have gone
            self.end_headers()
            self.wfile.write(data)

    def _reset(self) -> None:
        # Closing a socket that does not linger sends RST in place of FIN.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def running_shop(
    stock: Mapping[int, int], *, books: Path | None = None, port: int = 0
) -> Iterator[ShopServer]:
    """Serve a shop from a thread for as long as the block lasts.

    With a file for its books it goes on where the shop before it stopped.
    """
    kept = Books(books)
    with ShopServer(Shop(stock, kept), Faults(kept), port=port) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="shop")
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()
