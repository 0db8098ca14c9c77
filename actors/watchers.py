"""Those who wait to hear what became of something."""

from __future__ import annotations

from collections import defaultdict
from typing import Generic, TypeVar

from tasker.actors.envelope import Reply

T = TypeVar("T")


class Watchers(Generic[T]):
    """Promises by key, each kept once."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, list[Reply[T]]] = defaultdict(list)

    def watch(self, key: str) -> Reply[T]:
        """Return a promise that is kept when the key is next told of."""
        reply: Reply[T] = Reply()
        self._waiting[key].append(reply)
        return reply

    def unwatch(self, key: str, reply: Reply[T]) -> None:
        """Watch no more."""
        waiting = self._waiting.get(key)
        if waiting and reply in waiting:
            waiting.remove(reply)
            if not waiting:
                del self._waiting[key]

    def tell(self, key: str, news: T) -> None:
        """Keep the promises made for a key."""
        for reply in self._waiting.pop(key, ()):
            reply.set(news)

    def fail(self, error: Exception) -> None:
        """Tell everybody that nothing more will be heard."""
        for waiting in self._waiting.values():
            for reply in waiting:
                reply.fail(error)
