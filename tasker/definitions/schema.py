"""Contexts against a definition's JSON Schema, with its defaults filled in.

Plain JSON Schema: a property is required when ``required`` says so, and unknown
properties are refused when ``additionalProperties`` says so. The draft is the one
that ``$schema`` names, else 2020-12.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import jsonschema_rs

from tasker.definitions.definition import Definition
from tasker.definitions.findings import Path
from tasker.errors import ContextValidationError
from tasker.stores.encoding import decode, encode

DEFAULT_DRAFT = "https://json-schema.org/draft/2020-12/schema"

# Messages name values like this: a value may be secret, or a megabyte long.
_MASK = "the value"
_TYPES = "array, boolean, integer, null, number, object and string"


class ContextSchema:
    """A definition's schema, compiled once for many contexts."""

    def __init__(self, definition: Definition) -> None:
        self._name = definition.full_name
        self._schema = definition.schema
        self._validator = None if self._schema is None else _compile(self._schema)

    def check(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Validate a context after filling in the schema's defaults.

        What is validated is what will be stored: the context in its JSON form, where
        a date is text.

        Returns:
            A new context that holds the defaults; the one given is not changed.

        Raises:
            ContextValidationError: With every violation and its JSON pointer.
            EncodingError: Something in the context has no JSON form.
        """
        filled: dict[str, Any] = decode(encode(dict(context), what=f"the context of {self._name}"))
        if self._validator is None or self._schema is None:
            return filled
        fill_defaults(filled, self._schema, self._schema)
        violations = [
            (_pointer(error.instance_path), error.message)
            for error in self._validator.iter_errors(filled)
        ]
        if violations:
            raise ContextValidationError(definition=self._name, violations=sorted(violations))
        return filled


def schema_violations(schema: Mapping[str, Any] | None) -> Iterator[tuple[Path, str]]:
    """Give what is wrong with a JSON Schema itself: paths in it, and messages."""
    if schema is None:
        return
    draft = schema.get("$schema", DEFAULT_DRAFT)
    meta = {"$ref": draft, "$schema": draft}
    try:
        found = list(jsonschema_rs.iter_errors(meta, schema, mask=_MASK, retriever=_refuse))
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError, TypeError):
        yield ("$schema",), "$schema names no known draft of JSON Schema"
        return
    for error in found:
        yield _violation(tuple(error.instance_path), error.message)
    if found:
        return
    try:
        _compile(dict(schema))
    except jsonschema_rs.ValidationError as error:
        path = tuple(error.instance_path)
        lost = [] if path else list(_lost_references(schema, schema, ()))
        yield from lost or [_violation(path, error.message)]
    except (jsonschema_rs.ReferencingError, ValueError):
        lost = list(_lost_references(schema, schema, ()))
        yield from lost or [((), "the schema is invalid: a $ref leads nowhere")]
    else:
        yield from _wrong_defaults(schema, schema, ())


_ROOT = "urn:tasker:schema"


def _wrong_defaults(node: Any, root: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, str]]:
    """The defaults that do not fit the schemas that they stand in.

    They would be filled in, and the context refused that never held them.
    """
    if not isinstance(node, Mapping):
        return
    if path and "default" in node:
        filled = copy.deepcopy(node["default"])
        fill_defaults(filled, node, root)
        for error in _part(root, path).iter_errors(filled):
            where = f" at {_pointer(error.instance_path)}" if error.instance_path else ""
            message = f"the default does not fit its own schema{where}: {error.message}"
            yield (*path, "default"), message
    for key in _MAPS_OF_SCHEMAS:
        for name, each in _mapping(node.get(key)).items():
            yield from _wrong_defaults(each, root, (*path, key, name))
    for key in _SCHEMAS:
        yield from _wrong_defaults(node.get(key), root, (*path, key))
    for key in _LISTS_OF_SCHEMAS:
        listed = node.get(key)
        for index, each in enumerate(listed if isinstance(listed, list) else ()):
            yield from _wrong_defaults(each, root, (*path, key, index))


_MAPS_OF_SCHEMAS = ("properties", "$defs", "definitions")
_SCHEMAS = ("items",)
_LISTS_OF_SCHEMAS = ("allOf", "prefixItems", "items")


def _part(root: Mapping[str, Any], path: Path) -> jsonschema_rs.Validator:
    """A validator for a schema inside of another, which its references lead into."""
    part = {
        "$schema": root.get("$schema", DEFAULT_DRAFT),
        "$ref": f"{_ROOT}#{quote(_pointer(list(path)))}",
    }

    def retrieve(uri: str) -> Any:
        return root if uri == _ROOT else _refuse(uri)

    return jsonschema_rs.validator_for(part, mask=_MASK, retriever=retrieve)


def _violation(path: Path, message: str) -> tuple[Path, str]:
    if path[-1:] == ("type",):
        # The meta-schema says only that none of its alternatives holds.
        message = f"this is no type; the types are {_TYPES}"
    return path, f"the schema is invalid: {message}"


def _lost_references(node: Any, root: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, str]]:
    """The references that lead out of the schema, or to nothing in it."""
    if isinstance(node, Mapping):
        reference = node.get("$ref")
        if isinstance(reference, str) and not reference.startswith("#"):
            message = "$ref leads to another document, which is not fetched; put it under $defs"
            yield (*path, "$ref"), message
        elif isinstance(reference, str) and _follow(root, reference) is None:
            yield (*path, "$ref"), "$ref leads to nothing in this schema"
        for key, value in node.items():
            yield from _lost_references(value, root, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _lost_references(value, root, (*path, index))


def fill_defaults(value: Any, schema: Any, root: Mapping[str, Any]) -> None:
    """Add the defaults of missing properties to a value, in place, at any depth.

    Follows ``properties``, ``items``, ``prefixItems``, ``allOf`` and local
    references. Alternatives (``anyOf``, ``oneOf``, ``if``) fill in nothing: which
    one holds is not known before the value is complete.
    """
    for part in _parts(schema, root, ()):
        if isinstance(value, dict):
            for name, subschema in _mapping(part.get("properties")).items():
                if name not in value and isinstance(subschema, Mapping) and "default" in subschema:
                    value[name] = copy.deepcopy(subschema["default"])
                if name in value:
                    fill_defaults(value[name], subschema, root)
        elif isinstance(value, list):
            items = part.get("items")
            # Before draft 2020-12, a list of `items` was what `prefixItems` is now.
            first = items if isinstance(items, list) else part.get("prefixItems", [])
            for index, item in enumerate(value):
                fill_defaults(item, first[index] if index < len(first) else items, root)


def _parts(schema: Any, root: Mapping[str, Any], seen: tuple[int, ...]) -> Iterator[Any]:
    """The schemas that hold for a value for certain: itself, its reference, its allOf."""
    if not isinstance(schema, Mapping) or id(schema) in seen:
        return
    yield schema
    inner = (*seen, id(schema))
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#"):
        yield from _parts(_follow(root, reference), root, inner)
    for each in schema.get("allOf", ()):
        yield from _parts(each, root, inner)


def _follow(root: Any, reference: str) -> Any:
    for part in reference.removeprefix("#").split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(root, list):
            root = root[int(key)] if key.isdigit() and int(key) < len(root) else None
        else:
            root = _mapping(root).get(key)
    return root


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _compile(schema: dict[str, Any]) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(schema, mask=_MASK, retriever=_refuse)


def _refuse(uri: str) -> Any:
    # A schema that is fetched at load could change, or be absent, between two starts.
    raise ValueError(f"{uri} is not fetched; put that schema under $defs")


def _pointer(path: list[str | int]) -> str:
    escaped = (str(part).replace("~", "~0").replace("/", "~1") for part in path)
    return "".join(f"/{part}" for part in escaped)
