"""Mappings read against a table of keys: what is right is given, what is wrong is noted.

Ranges, and everything that concerns several keys together, are in `check`.
"""

from __future__ import annotations

from typing import Any

from tasker.definitions import keys
from tasker.definitions.environment import has_placeholder
from tasker.definitions.findings import Findings, Path, list_words, nearest
from tasker.definitions.keys import Key, Kind, Table
from tasker.definitions.nodes import Fields, Items, Node, Scalar, plain


def read(
    fields: Fields, table: Table, path: Path, findings: Findings, *, partial: bool = False
) -> dict[str, Any]:
    """Check a mapping against a table, and give its values.

    A key that is unknown, missing or wrongly typed is noted and left out of the
    result, as is one that is null. ``partial`` is for overrides: nothing is
    required, and a placeholder may still become a value of any kind.
    """
    values: dict[str, Any] = {}
    for name, entry in fields.entries.items():
        if name not in table:
            _note_unknown(name, entry.line, table, (*path, name), findings)
            continue
        value = _read_value(entry.node, table[name], (*path, name), findings, partial)
        if value is not None:
            values[name] = value
    if not partial:
        _note_missing(fields, values, table, path, findings)
    return values


def _note_missing(
    fields: Fields, values: dict[str, Any], table: Table, path: Path, findings: Findings
) -> None:
    """Note the required keys that are absent, null, or blank; blank ones are dropped."""
    for name, key in table.items():
        if not key.required:
            continue
        entry = fields.entries.get(name)
        blank = values.get(name) in ("", None) and (entry is None or _is_blank(entry.node))
        if blank:
            values.pop(name, None)
            line, state = (entry.line, "empty") if entry else (fields.line, "missing")
            remedy = f"add {name if key.kind is Kind.TEXT else key.kind.value}"
            findings.add(line, (*path, name), f"this key is {state}", remedy)


def _note_unknown(
    name: str, line: int | None, table: Table, path: Path, findings: Findings
) -> None:
    remedy = keys.REMEDIES.get(name)
    if remedy is None:
        meant = nearest(name, table, {k: v for k, v in keys.MEANT.items() if v in table})
        remedy = f"did you mean {meant!r}?" if meant else f"known keys: {list_words(table, 40)}"
    findings.add(line, path, f"unknown key {name!r}", remedy)


def _read_value(node: Node, key: Key, path: Path, findings: Findings, partial: bool) -> Any:
    if _is_null(node):
        return None
    if key.kind is Kind.ANY:
        return plain(node)
    if isinstance(node, Scalar):
        return _read_scalar(node, key, path, findings, partial)
    if isinstance(node, Fields) and key.kind in _MAPPINGS:
        return _read_mapping(node, key, path, findings, partial)
    if isinstance(node, Items) and key.kind in _LISTS:
        return _read_items(node, key, path, findings, partial)
    found = "a list" if isinstance(node, Items) else "a mapping"
    message = f"{key.kind.value} is wanted here, not {found}"
    findings.add(node.line, path, message, f"give {key.kind.value}")
    return None


_MAPPINGS = {Kind.MAPPING, Kind.TEXT_MAPPING, Kind.SWITCH_OR_MAPPING}
_LISTS = {Kind.TEXTS, Kind.ITEMS, Kind.NAMED_ITEMS}


def _read_mapping(node: Fields, key: Key, path: Path, findings: Findings, partial: bool) -> Any:
    if key.table is not None:
        return read(node, key.table, path, findings, partial=partial)
    if key.kind is Kind.TEXT_MAPPING:
        for name, entry in node.entries.items():
            _read_value(entry.node, keys.TEXT, (*path, name), findings, partial)
    return plain(node)


def _read_items(node: Items, key: Key, path: Path, findings: Findings, partial: bool) -> list[Any]:
    """The items, in place: one that is wrong is None or an empty mapping."""
    values: list[Any] = []
    for index, item in enumerate(node.nodes):
        here = (*path, index)
        if key.kind is Kind.TEXTS:
            text = _read_value(item, keys.TEXT, here, findings, partial)
            if text is not None:
                values.append(text)
        elif isinstance(item, Fields):
            values.append(read(item, key.table or {}, here, findings, partial=partial))
        elif key.kind is Kind.NAMED_ITEMS and isinstance(item, Scalar):
            name = _read_value(item, keys.TEXT, here, findings, partial)
            values.append({"name": name} if name is not None else {})
        else:
            message = "this item is no mapping"
            findings.add(item.line, here, message, f"give {key.kind.value}")
            values.append({})
    return values


def _read_scalar(
    node: Scalar, key: Key, path: Path, findings: Findings, partial: bool
) -> str | int | float | bool | None:
    if isinstance(node.value, str) and partial and has_placeholder(node.value):
        return None
    kind = key.kind
    value = _from_text(str(node.value), kind) if node.from_environment else node.value
    match kind, value:
        case (Kind.TEXT, str()) | (Kind.BOOLEAN | Kind.SWITCH_OR_MAPPING, bool()):
            return value
        case (Kind.INTEGER | Kind.NUMBER, bool()):
            pass
        case (Kind.INTEGER, int()) | (Kind.NUMBER, int() | float()):
            return value
    if kind is Kind.TEXT:
        message = f"{_describe(node)} is no text"
        findings.add(node.line, path, message, key.remedy or f'quote it: "{node.text}"')
    else:
        message = f"{_describe(node)} is not {kind.value}"
        findings.add(node.line, path, message, f"give {kind.value}")
    return None


def _from_text(text: str, kind: Kind) -> str | int | float | bool:
    """A variable's text as the kind that the key wants; as it is when it does not fit."""
    try:
        match kind:
            case Kind.INTEGER:
                return int(text)
            case Kind.NUMBER:
                return float(text) if "." in text or "e" in text.lower() else int(text)
            case Kind.BOOLEAN | Kind.SWITCH_OR_MAPPING if text.lower() in {"true", "false"}:
                return text.lower() == "true"
    except ValueError:
        return text
    return text


def _describe(node: Scalar) -> str:
    text = node.text if len(node.text) <= 60 else f"{node.text[:60]}…"
    return repr(text) if isinstance(node.value, str) else text


def _is_blank(node: Node) -> bool:
    return isinstance(node, Scalar) and (node.value is None or str(node.value).strip() == "")


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None
