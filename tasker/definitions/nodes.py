"""A definition as a tree whose every part knows the line it was written on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tasker.definitions.findings import Path


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value. ``text`` is as written, so what errors quote; ``value`` what it means."""

    value: str | int | float | bool | None
    text: str
    line: int | None
    from_environment: bool = False


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    nodes: tuple[Node, ...]
    line: int | None


@dataclass(frozen=True, slots=True)
class Field:
    """A key of a mapping, where it was written, and its value."""

    line: int | None
    node: Node


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping. Keys are text, as written."""

    entries: Mapping[str, Field]
    line: int | None


Node = Scalar | Items | Fields


def plain(node: Node, *, as_written: bool = False) -> Any:
    """The tree as Python values; ``as_written`` keeps placeholders unresolved."""
    if isinstance(node, Fields):
        return {k: plain(f.node, as_written=as_written) for k, f in node.entries.items()}
    if isinstance(node, Items):
        return [plain(item, as_written=as_written) for item in node.nodes]
    return node.text if as_written and node.from_environment else node.value


def from_plain(value: Any, line: int | None) -> Node:
    """The tree of a Python value, every part of it at ``line``.

    Raises:
        TypeError: The value is no JSON value; its text names the part.
    """
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"the key {key!r} is no text")
        return Fields({k: Field(line, from_plain(v, line)) for k, v in value.items()}, line)
    if isinstance(value, list | tuple):
        return Items(tuple(from_plain(item, line) for item in value), line)
    if value is None or isinstance(value, bool | int | str):
        return Scalar(value, str(value), line)
    if isinstance(value, float) and math.isfinite(value):
        return Scalar(value, str(value), line)
    raise TypeError(f"a value of type {type(value).__name__} is no JSON value")


def find(node: Node, path: Path) -> Node | None:
    """The node at a path, or None."""
    for part in path:
        if isinstance(node, Fields) and isinstance(part, str) and part in node.entries:
            node = node.entries[part].node
        elif isinstance(node, Items) and isinstance(part, int) and part < len(node.nodes):
            node = node.nodes[part]
        else:
            return None
    return node


def line_of(node: Node, path: Path) -> int | None:
    """The line of the value at a path, or of the last part of the path that exists."""
    while path and (found := find(node, path)) is None:
        path = path[:-1]
    found = find(node, path)
    if isinstance(found, Scalar) or not path or not isinstance(path[-1], str):
        return found.line if found is not None else None
    # A nested mapping starts below its key; the key is where a person looks.
    parent = find(node, path[:-1])
    return parent.entries[path[-1]].line if isinstance(parent, Fields) else None
