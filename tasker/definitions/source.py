"""YAML text as a tree of nodes.

PyYAML's loader forgets lines and lets the later of two equal keys win. So only
its composer is used, and the values are made here, with three differences from
YAML 1.1 that each prevent a surprise: dates stay text, ``22:22`` is not a number
in base sixty, and ``0777`` is not octal.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any, ClassVar

import yaml

from tasker.definitions.findings import Findings, Path
from tasker.definitions.nodes import Field, Fields, Items, Node, Scalar

MAX_NODES = 100_000  # after aliases are followed: a few lines can stand for billions of values
MAX_DEPTH = 100

_TAG = "tag:yaml.org,2002:"
_NUMBERS = (
    ("int", re.compile(r"[-+]?(0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+)$")),
    (
        "float",
        re.compile(
            r"[-+]?([0-9][0-9_]*\.[0-9_]*([eE][-+]?[0-9]+)?|\.[0-9][0-9_]*([eE][-+]?[0-9]+)?"
            r"|[0-9][0-9_]*[eE][-+]?[0-9]+|\.inf|\.Inf|\.INF)$|\.(nan|NaN|NAN)$"
        ),
    ),
)
_DROPPED = {f"{_TAG}timestamp", f"{_TAG}int", f"{_TAG}float"}
_TRUE = {"yes", "true", "on"}


def parse(
    text: str,
    findings: Findings,
    *,
    what: str = "a definition",
    start: str = "name: and step_templates:",
) -> Fields | None:
    """Read one YAML document, or note why it cannot be read and return None.

    ``what`` it is to be, and the keys to ``start`` with, are for its errors.
    """
    try:
        loader = _Loader(text)
        try:
            root = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        _note_syntax(error, text, findings)
        return None
    if root is None:
        first = start.partition(" ")[0]
        findings.add(1, (), "the file is empty", f"write {what}, starting with {first}")
        return None
    node = _Builder(findings).build(root, ())
    if not isinstance(node, Fields):
        if node is not None:
            message = f"{what} is a mapping of keys"
            findings.add(node.line, (), message, f"start with {start}")
        return None
    return node


# The C parser is ten times faster, where the wheel has it.
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """PyYAML's safe loader, with numbers as in YAML 1.2 and without dates."""

    yaml_implicit_resolvers: ClassVar[dict[str | None, list[tuple[str, re.Pattern[str]]]]] = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in _DROPPED]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


for _name, _pattern in _NUMBERS:
    _Loader.add_implicit_resolver(f"{_TAG}{_name}", _pattern, list("-+.0123456789"))


@dataclass
class _Builder:
    """Turns composed nodes into ours, noting what a definition cannot hold."""

    findings: Findings
    open: set[int] = field(default_factory=set)
    done: dict[int, tuple[Node | None, int]] = field(default_factory=dict)
    too_large: bool = False

    def build(self, source: yaml.Node, path: Path) -> Node | None:
        """The node, or None where a problem was noted; shared where it is aliased."""
        line = source.start_mark.line + 1
        if id(source) in self.open or len(path) > MAX_DEPTH:
            message = "the value contains itself, or is nested too deeply"
            self.findings.add(line, path[:8], message, "write the values out")
            return None
        if id(source) in self.done:
            return self.done[id(source)][0]
        self.open.add(id(source))
        if isinstance(source, yaml.MappingNode):
            node: Node | None = self._fields(source, path)
        elif isinstance(source, yaml.SequenceNode):
            built = [self.build(item, (*path, i)) for i, item in enumerate(source.value)]
            node = Items(tuple(item for item in built if item is not None), line)
        else:
            assert isinstance(source, yaml.ScalarNode)
            node = self._scalar(source, path)
        self.open.discard(id(source))
        self.done[id(source)] = (node, self._size(source))
        return self._bounded(node, source, path)

    def _size(self, source: yaml.Node) -> int:
        if isinstance(source, yaml.ScalarNode):
            return 1
        children = source.value
        if isinstance(source, yaml.MappingNode):
            children = [value for _, value in children]
        return 1 + sum(self.done.get(id(child), (None, 0))[1] for child in children)

    def _bounded(self, node: Node | None, source: yaml.Node, path: Path) -> Node | None:
        if self.done[id(source)][1] <= MAX_NODES:
            return node
        if not self.too_large:
            self.too_large = True
            message = f"the file stands for more than {MAX_NODES} values"
            line = source.start_mark.line + 1
            self.findings.add(line, path, message, "use fewer aliases, or split it")
        self.done[id(source)] = (None, 0)
        return None

    def _fields(self, source: yaml.MappingNode, path: Path) -> Fields:
        own: dict[str, Field] = {}
        merged: dict[str, Field] = {}
        for key_node, value_node in source.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.findings.add(line, path, "a key must be text", "write a plain key")
                continue
            key = key_node.value
            if key_node.tag == f"{_TAG}merge":
                merged = self._merged(value_node, (*path, key)) | merged
                continue
            if key in own:
                message = f"the key {key!r} stands twice, first on line {own[key].line}"
                self.findings.add(line, (*path, key), message, "remove one of the two")
                continue
            node = self.build(value_node, (*path, key))
            if node is not None:
                own[key] = Field(line, node)
        return Fields(merged | own, source.start_mark.line + 1)

    def _merged(self, source: yaml.Node, path: Path) -> dict[str, Field]:
        sources = source.value if isinstance(source, yaml.SequenceNode) else [source]
        entries: dict[str, Field] = {}
        for each in sources:
            node = self.build(each, path)
            if isinstance(node, Fields):
                entries = dict(node.entries) | entries  # the earlier of several wins
            elif node is not None:
                line = each.start_mark.line + 1
                self.findings.add(line, path, "<< takes a mapping", "name an anchor of a mapping")
        return entries

    def _scalar(self, source: yaml.ScalarNode, path: Path) -> Scalar | None:
        line = source.start_mark.line + 1
        tag = source.tag.removeprefix(_TAG)
        text = source.value
        try:
            value = _scalar_value(tag, text)
        except ValueError as error:
            self.findings.add(line, path, str(error), "write text, a number, true, false or null")
            return None
        return Scalar(value, text, line)


def _scalar_value(tag: str, text: str) -> str | int | float | bool | None:
    match tag:
        case "str" | "value":
            return str(text)
        case "null":
            return None
        case "bool":
            return text.lower() in _TRUE
        case "int":
            number = int(text.replace("_", ""), 0)
            if not -(2**63) <= number < 2**63:
                raise ValueError(f"{text} is beyond 64 bits")
            return number
        case "float":
            value = float(
                text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan")
            )
            if not math.isfinite(value):
                raise ValueError(f"{text} is no finite number")
            return value
        case _:
            raise ValueError(f"the tag {tag} is not known here")


def _note_syntax(error: yaml.YAMLError, text: str, findings: Findings) -> None:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = mark.line + 1 if mark is not None else None
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "not readable"
    lines = text.splitlines()
    written = lines[mark.line] if mark is not None and mark.line < len(lines) else ""
    if "\t" in written[: len(written) - len(written.lstrip())] or "'\\t'" in str(problem):
        findings.add(line, (), "a tab is used to indent", "indent with spaces: YAML allows no tabs")
    elif "another document" in str(problem):
        message = "the file holds more than one document"
        findings.add(line, (), message, "write one definition in each file")
    else:
        findings.add(line, (), f"this is no YAML: {problem}", "mend the syntax near this line")
