"""Contexts are checked against the schema, and get its defaults."""

import copy
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasker.definitions import ContextSchema, Definition
from tasker.definitions.schema import schema_violations
from tasker.errors import ContextValidationError, EncodingError


def check(schema, context):
    return ContextSchema(Definition(name="ctx", schema=schema)).check(context)


def violations(schema, context):
    with pytest.raises(ContextValidationError) as caught:
        check(schema, context)
    return caught.value.violations


def test_without_a_schema_any_context_passes_as_a_copy():
    context = {"a": [1]}
    checked = check(None, context)
    assert checked == context
    assert checked["a"] is not context["a"]


def test_plain_semantics_neither_require_nor_refuse_more_than_is_written():
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    assert check(schema, {}) == {}
    assert check(schema, {"other": 1}) == {"other": 1}


def test_every_violation_is_listed_with_its_pointer():
    schema = {
        "type": "object",
        "required": ["id"],
        "additionalProperties": False,
        "properties": {
            "items": {"type": "array", "items": {"type": "object", "required": ["sku"]}},
            "a/b~c": {"type": "integer"},
        },
    }
    found = dict(violations(schema, {"items": [{"sku": 1}, {}], "a/b~c": "x", "extra": 1}))
    assert found["/items/1"] == '"sku" is a required property'
    assert found["/a~1b~0c"] == 'the value is not of type "integer"'
    assert "extra" in found[""] or '"id"' in found[""]
    assert len(violations(schema, {"items": [{"sku": 1}, {}], "a/b~c": "x", "extra": 1})) == 4


def test_a_violation_never_quotes_the_value():
    schema = {"properties": {"card": {"type": "integer"}}}
    with pytest.raises(ContextValidationError) as caught:
        check(schema, {"card": "4111 1111"})
    assert "4111" not in str(caught.value)
    assert "default.ctx@0.1.0" in str(caught.value)


def test_defaults_are_filled_in_at_any_depth():
    schema = {
        "properties": {
            "currency": {"default": "EUR"},
            "customer": {"properties": {"tier": {"default": "basic"}}},
            "options": {"default": {}, "properties": {"gift": {"default": False}}},
            "lines": {"items": {"properties": {"count": {"default": 1}}}},
            "absent": {"properties": {"never": {"default": 1}}},
        }
    }
    context = {"customer": {"name": "A"}, "lines": [{"sku": 1}, {"sku": 2, "count": 5}]}
    given_context = copy.deepcopy(context)
    assert check(schema, context) == {
        "currency": "EUR",
        "customer": {"name": "A", "tier": "basic"},
        "options": {"gift": False},
        "lines": [{"sku": 1, "count": 1}, {"sku": 2, "count": 5}],
    }
    assert context == given_context


def test_defaults_are_found_through_references_and_all_of():
    schema = {
        "$defs": {"address": {"properties": {"country": {"default": "DE"}}}},
        "allOf": [{"properties": {"priority": {"default": 1}}}],
        "properties": {
            "to": {"$ref": "#/$defs/address"},
            "pair": {"prefixItems": [{"$ref": "#/$defs/address"}], "items": {}},
        },
    }
    assert check(schema, {"to": {}, "pair": [{}, {}]}) == {
        "to": {"country": "DE"},
        "pair": [{"country": "DE"}, {}],
        "priority": 1,
    }


def test_a_reference_may_go_through_a_list():
    schema = {
        "allOf": [{"properties": {"n": {"default": 1}}}],
        "properties": {"inner": {"$ref": "#/allOf/0"}},
    }
    assert check(schema, {"inner": {}}) == {"n": 1, "inner": {"n": 1}}
    assert [path for path, _ in schema_violations({"$ref": "#/allOf/7", "allOf": [{}]})] == [
        ("$ref",)
    ]


def test_a_schema_that_refers_to_itself_ends():
    schema = {"$ref": "#", "properties": {"next": {"$ref": "#"}, "n": {"default": 0}}}
    assert check(schema, {"next": {"next": {}}}) == {"n": 0, "next": {"n": 0, "next": {"n": 0}}}


def test_a_default_satisfies_required_and_is_validated_itself():
    schema = {"required": ["a"], "properties": {"a": {"default": 1, "type": "integer"}}}
    assert check(schema, {}) == {"a": 1}
    bad = {"properties": {"a": {"default": "x", "type": "integer"}}}
    assert violations(bad, {})[0][0] == "/a"


def test_defaults_of_two_tasks_are_not_the_same_object():
    schema = ContextSchema(Definition(name="c", schema={"properties": {"a": {"default": []}}}))
    first = schema.check({})
    first["a"].append(1)
    assert schema.check({}) == {"a": []}


def test_the_draft_is_the_one_that_the_schema_names():
    draft4 = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "properties": {"a": {"minimum": 1, "exclusiveMinimum": True}},
    }
    assert violations(draft4, {"a": 1})
    pair = {"items": [{"properties": {"n": {"default": 1}}}]}
    draft7 = {"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"a": pair}}
    assert check(draft7, {"a": [{}, {}]}) == {"a": [{"n": 1}, {}]}
    assert check({"properties": {"a": {"prefixItems": [{"type": "string"}]}}}, {"a": ["x"]})
    assert violations({"properties": {"a": {"prefixItems": [{"type": "string"}]}}}, {"a": [1]})


def test_what_is_validated_is_the_json_form():
    schema = {"properties": {"at": {"type": "string"}, "pair": {"type": "array"}}}
    context = {"at": datetime(2024, 1, 31, tzinfo=UTC), "pair": (1, 2)}
    assert check(schema, context) == {"at": "2024-01-31T00:00:00Z", "pair": [1, 2]}


def test_a_context_without_a_json_form_names_the_part():
    with pytest.raises(EncodingError, match=r"\$\.deep\[1\]"):
        check({"type": "object"}, {"deep": [1, object()]})


@given(st.dictionaries(st.sampled_from("abc"), st.integers() | st.none()))
def test_what_is_given_is_never_replaced_by_a_default(context):
    schema = {"properties": {name: {"default": "d"} for name in "abc"}}
    checked = check(schema, context)
    assert context.items() <= checked.items()
    assert set(checked) == set("abc")
