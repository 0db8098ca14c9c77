"""How what is written to keeps out whoever was elected once."""

from __future__ import annotations

from tasker.stores.errors import StaleFenceError


class FenceGate:
    """Lets a write pass if nobody with a greater fence wrote before.

    For what is written to from this process. A database does the same by keeping the
    fence: ``UPDATE ... SET fence = :fence WHERE fence <= :fence``.
    """

    def __init__(self) -> None:
        self._newest: dict[str, int] = {}

    def admit(self, role: str, fence: int) -> None:
        """Return if the write may be done.

        Raises:
            StaleFenceError: Another was elected since. Its ``newest`` is for `elect`, as
                ``above``, should its caller be the newest though.
        """
        newest = self._newest.get(role, 0)
        if fence < newest:
            raise StaleFenceError(role=role, fence=fence, newest=newest)
        self._newest[role] = fence
