"""What is wrong in one definition, collected until all of it is known."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping

import msgspec

from tasker.errors import Problem

Path = tuple[str | int, ...]
"""Where in a definition: keys and indexes, from the top."""


class Findings:
    """The problems of one file, or of one module, without repetitions."""

    def __init__(self, where: str, step_at: Callable[[Path], str | None] | None = None) -> None:
        """``step_at`` gives the name of the step that a path leads into, or None."""
        self.where = where
        self.step_at = step_at or (lambda path: None)
        self._problems: dict[tuple[int | None, Path, str], tuple[Path, Problem]] = {}
        self._settled: set[tuple[int | None, Path]] = set()

    def add(
        self, line: int | None, path: Path, message: str, remedy: str, *, final: bool = False
    ) -> None:
        """Note a problem; the same message at the same place counts once.

        An environment's override is seen twice, alone and merged, under two paths.
        After a ``final`` problem nothing more is noted there: a value that is not
        known is neither a bad version nor a bad URL.
        """
        place = (line, path[-1:])
        if place in self._settled:
            return
        problem = Problem(
            where=self.where, line=line, key=format_path(path), message=message, remedy=remedy
        )
        self._problems.setdefault((*place, message), (path, problem))
        if final:
            self._settled.add(place)

    @property
    def problems(self) -> list[Problem]:
        """What was noted, in the order of lines."""
        named = [
            msgspec.structs.replace(problem, step=self.step_at(path))
            for path, problem in self._problems.values()
        ]
        return sorted(named, key=problem_order)

    def __bool__(self) -> bool:
        return bool(self._problems)


def problem_order(problem: Problem) -> tuple[str, int]:
    """By file, then by line; what concerns a whole file comes first."""
    return problem.where, problem.line or 0


def format_path(path: Path) -> str:
    """``("steps", 2, "name")`` as ``steps[2].name``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def nearest(word: str, known: Iterable[str], hints: Mapping[str, str] | None = None) -> str | None:
    """The known word that was probably meant, or None."""
    if hints and word in hints:
        return hints[word]
    matches = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None


def list_words(words: Iterable[str], limit: int = 12) -> str:
    """Words for a message, cut when there are too many to read."""
    found = list(words)
    shown = ", ".join(found[:limit])
    return f"{shown} and {len(found) - limit} more" if len(found) > limit else shown
