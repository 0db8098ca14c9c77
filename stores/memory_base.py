"""What the parts of `MemoryStore` share: whether it is open."""

from __future__ import annotations

from tasker.stores.errors import StoreClosedError


class MemoryBase:
    """A store in memory, before it keeps anything."""

    def __init__(self) -> None:
        self._is_open = False

    @property
    def url(self) -> str:
        """The URL that it was made from."""
        return "memory://"

    def _check_open(self) -> None:
        if not self._is_open:
            raise StoreClosedError(url=self.url)
