"""A graph of steps by index, and what follows from its edges alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from msgspec import Struct

from tasker.definitions.graph import Dependencies, build_graph


class Shape(Struct, frozen=True, kw_only=True, dict=True):
    """Steps as indexes into ``names``, which stand in the order of the definition.

    ``parents`` and ``children`` hold each neighbour once; ``order`` is topological;
    ``level`` is a step's distance from the roots along the longest path.
    """

    names: tuple[str, ...]
    parents: tuple[tuple[int, ...], ...]
    children: tuple[tuple[int, ...], ...]
    order: tuple[int, ...]
    level: tuple[int, ...]

    @classmethod
    def of(cls, dependencies: Dependencies) -> Shape:
        """Return the shape of a graph.

        Raises:
            ValueError: The graph has a cycle, or depends on a name that is no step.
        """
        graph = build_graph(dependencies)
        index = {name: number for number, name in enumerate(dependencies)}
        level = [0] * len(index)
        for number, names in enumerate(graph.levels):
            for name in names:
                level[index[name]] = number
        return cls(
            names=tuple(dependencies),
            parents=tuple(
                tuple(dict.fromkeys(index[each] for each in needed))
                for needed in dependencies.values()
            ),
            children=tuple(
                tuple(index[each] for each in graph.dependents[name]) for name in dependencies
            ),
            order=tuple(index[name] for name in graph.order),
            level=tuple(level),
        )

    @cached_property
    def roots(self) -> tuple[int, ...]:
        """The steps that depend on none."""
        return tuple(at for at, needed in enumerate(self.parents) if not needed)

    @cached_property
    def leaves(self) -> tuple[int, ...]:
        """The steps that none depends on."""
        return tuple(at for at, following in enumerate(self.children) if not following)

    @cached_property
    def levels(self) -> tuple[tuple[int, ...], ...]:
        """The steps of each level."""
        found: list[list[int]] = [[] for _ in range(max(self.level, default=-1) + 1)]
        for at, level in enumerate(self.level):
            found[level].append(at)
        return tuple(map(tuple, found))

    @cached_property
    def edge_count(self) -> int:
        """How many dependencies there are."""
        return sum(map(len, self.parents))

    @cached_property
    def downstream(self) -> tuple[int, ...]:
        """For each step those that depend on it, directly or not: bit i for step i.

        A set as one integer: the steps of a thousand are joined as fast as one.
        """
        found = [0] * len(self.names)
        for at in reversed(self.order):
            mask = 0
            for child in self.children[at]:
                mask |= found[child] | 1 << child
            found[at] = mask
        return tuple(found)

    def named(self, steps: Sequence[int]) -> tuple[str, ...]:
        """Return the names of steps."""
        return tuple(self.names[at] for at in steps)


def members(mask: int) -> Iterator[int]:
    """Return the indexes in a set that is one integer, ascending."""
    return (at for at, bit in enumerate(reversed(f"{mask:b}")) if bit == "1")
