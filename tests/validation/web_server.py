"""A small web server in a thread: validators run an event loop of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[str], "tuple[int, bytes] | None"]
"""From what is asked for, its query too, to status and body; None for what is not there."""


class AnsweringHandler(BaseHTTPRequestHandler):
    """Answers, and says nothing of it."""

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@contextmanager
def serving(handler: type[AnsweringHandler]) -> Iterator[int]:
    """Serve on a free port; yields it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def web_server(answer: Answer) -> Iterator[str]:
    """Answer what is asked for; yields the URL."""

    class Handler(AnsweringHandler):
        def do_GET(self) -> None:
            self.answer(*(answer(self.path) or (404, b"")))

    with serving(Handler) as port:
        yield f"http://127.0.0.1:{port}"
