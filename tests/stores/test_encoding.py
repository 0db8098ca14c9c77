"""JSON in and out, and what has no JSON."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasker.stores import EncodingError, SizeLimitError, decode, encode


class Colour(Enum):
    RED = "red"


@dataclass
class Point:
    x: object


class Item(msgspec.Struct):
    when: object


CIRCLE: list[object] = []
CIRCLE.append(CIRCLE)


def test_what_json_can_hold():
    value = {
        "at": datetime(2026, 1, 2, tzinfo=UTC),
        "id": UUID(int=1),
        "price": Decimal("1.50"),
        "colour": Colour.RED,
        "point": Point(1),
        "item": Item(None),
        "set": {1},
        "big": 2**70,
        3: (None, True),
    }
    assert decode(encode(value, what="a context")) == {
        "at": "2026-01-02T00:00:00Z",
        "id": "00000000-0000-0000-0000-000000000001",
        "price": "1.50",
        "colour": "red",
        "point": {"x": 1},
        "item": {"when": None},
        "set": [1],
        "big": 2**70,
        "3": [None, True],
    }
    assert decode(None) is None


@pytest.mark.parametrize(
    ("value", "path", "type_name"),
    [
        (object(), "$", "object"),
        ({"items": [1, 2, 3, {"when": object()}]}, "$.items[3].when", "object"),
        ({"a": {"b": complex(1)}}, "$.a.b", "complex"),
        (Point(Item(object())), "$.x.when", "object"),
        ({"a": {(1, 2): 3}}, "$.a key (1, 2)", "tuple"),
        ({"a": "\ud800"}, "$.a", "str with a lone surrogate"),
        ({"a": Colour}, "$.a", "enum.Enum"),
        ({"a": {1, complex(2)}}, "$.a[]", "complex"),
        ({"a": math.nan, "b": None}, "$.a", "float (nan)"),
        ({"a": [1.0, -math.inf]}, "$.a[1]", "float (-inf)"),
        (Point([Item(math.inf)]), "$.x[0].when", "float (inf)"),
        ([2**70, math.nan], "$[1]", "float (nan)"),
        (math.nan, "$", "float (nan)"),
    ],
)
def test_an_error_names_the_place(value, path, type_name):
    with pytest.raises(EncodingError) as caught:
        encode(value, what="the result of step charge")
    assert caught.value.what == "the result of step charge"
    assert caught.value.path == path
    assert type_name in caught.value.type_name
    assert "the result of step charge cannot be stored" in str(caught.value)


def test_what_contains_itself_is_refused():
    with pytest.raises(EncodingError, match="contains itself"):
        encode({"a": CIRCLE}, what="a context")


def test_a_limit_is_in_bytes():
    assert encode("ü" * 4, what="a context", limit=10)
    with pytest.raises(SizeLimitError) as caught:
        encode("ü" * 5, what="a context", limit=11)
    assert (caught.value.size, caught.value.limit) == (12, 11)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
        lambda part: st.lists(part) | st.dictionaries(st.text(), part),
    )
)
def test_numbers_come_back_or_are_refused(value):
    try:
        encoded = encode(value, what="a context")
    except EncodingError:
        assert any(name in repr(value) for name in ("nan", "inf", "\\ud"))
    else:
        assert _as_written(decode(encoded)) == _as_written(value)


def _as_written(value):
    """Bytes become text in JSON; everything else must stay what it was."""
    if isinstance(value, dict):
        return {key: _as_written(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_as_written(part) for part in value]
    if isinstance(value, bytes):
        return msgspec.json.decode(msgspec.json.encode(value))
    return value


@pytest.mark.parametrize(
    ("value", "remedy"),
    [
        ({"a": math.nan}, "use None or a string"),
        ([-math.inf], "use None or a string"),
        ({"a": "\ud800"}, "take it out, as with text.encode"),
        ({"\ud800": 1}, "take it out, as with text.encode"),
        (CIRCLE, "store it flat"),
        ({"a": object()}, "use str, int, float"),
    ],
)
def test_the_advice_fits_the_value(value, remedy):
    with pytest.raises(EncodingError) as caught:
        encode(value, what="a context")
    assert caught.value.remedy.startswith(remedy)
    assert str(caught.value).endswith(f"JSON cannot hold; {caught.value.remedy}")
