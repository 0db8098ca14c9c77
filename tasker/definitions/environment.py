"""What differs between environments: overrides by name, and ``${VARIABLES}``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from tasker.definitions.findings import Findings, Path, list_words, nearest
from tasker.definitions.nodes import Field, Fields, Items, Node, Scalar

STEPS = "step_templates"

_PLACEHOLDER = re.compile(r"\$(?P<escaped>\$\{)|\$\{(?P<body>[^{}]*)\}|(?P<open>\$\{)")
_BODY = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<default>:-(?P<text>.*))?", re.DOTALL)

_PLACEHOLDER_REMEDY = "write ${NAME} or ${NAME:-default}, and $${ for a literal ${"


def merge_environment(base: Fields, override: Fields) -> Fields:
    """Merge an environment's override into a definition.

    Mappings merge key by key, step templates by their name, and anything else is
    replaced. Steps keep their order; an override adds or removes none.
    """
    return _merge(base, override, _merge_steps)


def check_override(base: Fields, override: Fields, path: Path, findings: Findings) -> None:
    """Note overrides of steps that the definition does not have."""
    known = list(_by_name(base))
    steps = override.entries.get(STEPS)
    if steps is None or not isinstance(steps.node, Items):
        return
    for index, step in enumerate(steps.node.nodes):
        if not isinstance(step, Fields):
            continue
        name = _name(step)
        where = (*path, STEPS, index, "name")
        if name is None:
            remedy = "add name:, the step to override"
            findings.add(step.line, where, "an override of a step needs its name", remedy)
        elif name not in known:
            meant = nearest(name, known)
            remedy = f"did you mean {meant!r}?" if meant else f"known steps: {list_words(known)}"
            line = step.entries["name"].line
            findings.add(line, where, f"overrides the unknown step {name!r}", remedy)


def has_placeholder(text: str) -> bool:
    """Whether a text holds ``${``."""
    return "${" in text


def substitute(text: str, environ: Mapping[str, str]) -> tuple[str, list[str]]:
    """Replace ``${NAME}`` and ``${NAME:-default}``; ``$${`` stands for ``${``.

    As in a shell, the default counts when the variable is unset or empty.

    Returns:
        The text, and a sentence for each variable that is missing and each placeholder
        that is malformed. None of them holds a value of ``environ``.
    """
    value, wrong = _substitute(text, environ)
    return value, [message for message, _ in wrong]


def resolve(node: Node, environ: Mapping[str, str], path: Path, findings: Findings) -> Node:
    """Resolve the placeholders of a tree; what is missing is noted where it is used.

    A resolved value is text, whatever it looks like, so that a password of digits
    stays as it is. Keys that want a number or true/false read it from the text.
    """
    if isinstance(node, Fields):
        entries = {
            key: Field(each.line, resolve(each.node, environ, (*path, key), findings))
            for key, each in node.entries.items()
        }
        return Fields(entries, node.line)
    if isinstance(node, Items):
        parts = enumerate(node.nodes)
        return Items(tuple(resolve(n, environ, (*path, i), findings) for i, n in parts), node.line)
    if not isinstance(node.value, str) or not has_placeholder(node.value):
        return node
    value, wrong = _substitute(node.value, environ)
    for index, (message, remedy) in enumerate(wrong, 1):
        findings.add(node.line, path, message, remedy, final=index == len(wrong))
    return replace(node, value=value, from_environment=True)


def _substitute(text: str, environ: Mapping[str, str]) -> tuple[str, list[tuple[str, str]]]:
    """The text, and what is wrong, each with its remedy."""
    wrong: list[tuple[str, str]] = []

    def replace_one(match: re.Match[str]) -> str:
        if match["escaped"]:
            return "${"
        body = _BODY.fullmatch(match["body"] or "")
        if body is None:
            wrong.append((f"{match[0]!r} is no placeholder", _PLACEHOLDER_REMEDY))
            return ""
        value = environ.get(body["name"])
        if body["default"] is not None:
            return value or str(body["text"])
        if value is None:
            name = body["name"]
            remedy = f"set it, or give it a default: ${{{name}:-default}}"
            wrong.append((f"the environment variable {name} is not set", remedy))
            return ""
        return value

    return _PLACEHOLDER.sub(replace_one, text), wrong


def _merge(base: Fields, override: Fields, merge_steps: Callable[[Items, Items], Items]) -> Fields:
    entries = dict(base.entries)
    for key, new in override.entries.items():
        old = entries.get(key)
        if old is None:
            entries[key] = new
        elif isinstance(old.node, Fields) and isinstance(new.node, Fields):
            entries[key] = Field(old.line, _merge(old.node, new.node, _replace))
        elif key == STEPS and isinstance(old.node, Items) and isinstance(new.node, Items):
            entries[key] = Field(old.line, merge_steps(old.node, new.node))
        else:
            entries[key] = new
    return Fields(entries, base.line)


def _merge_steps(base: Items, override: Items) -> Items:
    overrides: dict[str, list[Fields]] = {}
    for step in override.nodes:
        if isinstance(step, Fields) and (name := _name(step)) is not None:
            overrides.setdefault(name, []).append(step)
    merged: list[Node] = []
    for node in base.nodes:
        step = node
        if isinstance(step, Fields):
            for each in overrides.get(_name(step) or "", ()):
                step = _merge(step, each, _replace)
        merged.append(step)
    return Items(tuple(merged), base.line)


def _replace(base: Items, override: Items) -> Items:
    return override


def _by_name(definition: Fields) -> dict[str, Fields]:
    steps = definition.entries.get(STEPS)
    nodes = steps.node.nodes if steps is not None and isinstance(steps.node, Items) else ()
    fields = [node for node in nodes if isinstance(node, Fields)]
    return {name: node for node in fields if (name := _name(node)) is not None}


def _name(step: Fields) -> str | None:
    name = step.entries.get("name")
    if name is None or not isinstance(name.node, Scalar) or not isinstance(name.node.value, str):
        return None
    return name.node.value
