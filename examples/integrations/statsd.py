"""Counts and times for StatsD, with tags as DataDog's agent takes them, over UDP.

Not durable: a figure that is lost is no loss, and a datagram says nothing back.
https://docs.datadoghq.com/developers/dogstatsd/datagram_shell/
"""

import socket

from tasker import BaseSubscriber, Event


class StatsD(BaseSubscriber):
    """Config: ``host``, ``port`` and ``prefix``."""

    subscribe_to = ("task.completed", "task.failed", "step.completed", "step.failed")

    _socket: socket.socket | None = None

    async def handle_event(self, event: Event) -> None:
        if self._socket is None:
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._socket.setblocking(False)
            host = self.config.get("host", "127.0.0.1")
            self._socket.connect((host, int(self.config.get("port", 8125))))
        self._socket.send("\n".join(self.lines(event)).encode())

    def lines(self, event: Event) -> list[str]:
        """Return the metrics of an event: how many, and how long."""
        name = f"{self.config.get('prefix', 'tasker')}.{event.name}"
        tags = ",".join([f"namespace:{event.get('namespace')}", *self.extract_metric_tags(event)])
        lines = [f"{name}:1|c|#{tags}"]
        if event.get("duration_seconds") is not None:
            duration = self.extract_numeric_metric(event, "duration_seconds")
            lines.append(f"{name}.duration:{duration * 1000:.1f}|ms|#{tags}")
        return lines

    async def aclose(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
