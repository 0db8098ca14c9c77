"""What stands for the services: HTTP and UDP on loopback, and a memory of what came."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec


class Receivers:
    """Takes what is sent. ``busy`` requests are answered 429 first, as services do."""

    def __init__(self, busy: int = 0) -> None:
        self.busy = busy
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.datagrams: list[str] = []
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", 0))

    @property
    def environ(self) -> dict[str, str]:
        """What `subscribers.yaml` asks of the environment."""
        at = f"127.0.0.1:{self._http.server_port}"
        return {
            "SENTRY_DSN": f"http://public@{at}/42",
            "PAGERDUTY_ROUTING_KEY": "R0UT1NG",
            "PAGERDUTY_URL": f"http://{at}/v2/enqueue",
            "SLACK_WEBHOOK_URL": f"http://{at}/services/T0/B0/secret",
            "STATSD_PORT": str(self._udp.getsockname()[1]),
        }

    def take(self, path: str, headers: dict[str, str], body: bytes) -> int:
        """Take a request; return the status to answer."""
        with self._lock:
            if self.busy > 0:
                self.busy -= 1
                return 429
            self.requests.append((path, headers, body))
        return 202

    def bodies(self, path: str) -> list[dict[str, object]]:
        """Return the JSON that was posted to a path: of an envelope, its last line."""
        taken = [body for to, _, body in self.requests if to.startswith(path)]
        return [msgspec.json.decode(body.splitlines()[-1]) for body in taken]

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listen, inside of ``with``."""
        serving = threading.Thread(target=self._http.serve_forever, args=(0.02,))
        reading = threading.Thread(target=self._read)
        serving.start()
        reading.start()
        try:
            yield
        finally:
            self._http.shutdown()
            self._udp.sendto(b"", self._udp.getsockname())
            serving.join()
            reading.join()
            self._http.server_close()
            self._udp.close()

    def _read(self) -> None:
        while datagram := self._udp.recv(65_536):
            self.datagrams += datagram.decode().split("\n")


def _handler(receivers: Receivers) -> type[BaseHTTPRequestHandler]:
    class Request(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(receivers.take(self.path, headers, body))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    return Request
