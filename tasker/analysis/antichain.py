"""How many steps can run at once at most, whatever each of them takes."""

from __future__ import annotations

from tasker.analysis.shape import Shape

_FREE = -1


def widest(shape: Shape) -> tuple[int, ...]:
    """Return the largest set of steps of which none depends on another, directly or not.

    By Dilworth's theorem it has as many steps as chains are needed to cover the graph.
    The chains are found as a matching of steps with later ones (Kuhn's algorithm, a set
    being one integer), the set as what König's theorem leaves uncovered.
    """
    matching = _Matching(shape)
    matching.grow()
    left, right = matching.reached()
    return tuple(at for at in range(len(shape.names)) if left >> at & 1 and not right >> at & 1)


class _Matching:
    """Each step with at most one that comes before it and one that comes after it."""

    def __init__(self, shape: Shape) -> None:
        self._later = shape.downstream
        self._count = len(shape.names)
        self._order = shape.order
        self._next = [_FREE] * self._count
        self._before = [_FREE] * self._count

    def grow(self) -> None:
        """Match as many steps as can be matched."""
        free = (1 << self._count) - 1
        for at in reversed(self._order):
            # What is nearest first: it leaves those further on to others.
            if options := self._later[at] & free:
                self._join(at, options)
                free &= ~(1 << self._next[at])
        unseen = (1 << self._count) - 1
        for at in self._order:
            if self._next[at] == _FREE:
                reached = self._extend(at, unseen)
                # What a search in vain has reached leads nowhere, until one succeeds.
                unseen = reached if self._next[at] == _FREE else (1 << self._count) - 1

    def reached(self) -> tuple[int, int]:
        """Return the steps that alternating paths reach from the unmatched ones.

        First those that are reached as the earlier of a pair, then as the later.
        """
        unseen = everything = (1 << self._count) - 1
        pending = [at for at in range(self._count) if self._next[at] == _FREE]
        left = sum(1 << at for at in pending)
        while pending:
            options = self._later[pending.pop()] & unseen
            unseen &= ~options
            while options:
                low = options & -options
                options ^= low
                earlier = self._before[low.bit_length() - 1]
                left |= 1 << earlier
                pending.append(earlier)
        return left, everything & ~unseen

    def _join(self, at: int, options: int) -> None:
        later = (options & -options).bit_length() - 1
        self._next[at], self._before[later] = later, at

    def _extend(self, start: int, unseen: int) -> int:
        """Look for a chain of exchanges that gives a step a later one; return what is unseen."""
        trail = [start]
        via: list[int] = []
        while trail:
            options = self._later[trail[-1]] & unseen
            if not options:
                trail.pop()
                if via:
                    via.pop()
                continue
            low = options & -options
            unseen ^= low
            later = low.bit_length() - 1
            via.append(later)
            if self._before[later] == _FREE:
                for at, taken in zip(trail, via, strict=True):
                    self._next[at], self._before[taken] = taken, at
                return unseen
            trail.append(self._before[later])
        return unseen
