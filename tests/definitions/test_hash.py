"""Equal graphs have equal hashes, however they were written."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasker.definitions import AnnotationType, CustomEvent, Definition, StepDefinition
from tests.definitions import shop
from tests.definitions.loading import load

NAMES = [f"s{index}" for index in range(6)]


@st.composite
def definitions(draw):
    """A definition of a random graph, with everything that has an order."""
    names = NAMES[: draw(st.integers(1, 6))]
    steps = [
        StepDefinition(
            name=name,
            handler=f"shop:{draw(st.sampled_from('ABC'))}",
            depends_on=tuple(draw(st.sets(st.sampled_from(names[:index])))) if index else (),
            retry_limit=draw(st.integers(1, 5)),
            handler_config=draw(
                st.dictionaries(st.text(max_size=3), st.integers(0, 9), max_size=3)
            ),
            description=draw(st.text(max_size=5)),
        )
        for index, name in enumerate(names)
    ]
    return Definition(
        name="random",
        steps=tuple(steps),
        custom_events=tuple(CustomEvent(name=f"a.{n}") for n in names),
        annotation_types=tuple(AnnotationType(name=n) for n in names),
        custom_metadata=draw(st.dictionaries(st.text(max_size=3), st.booleans(), max_size=3)),
    )


def shuffled_dict(draw, value):
    return {key: value[key] for key in draw(st.permutations(sorted(value)))}


@given(definitions(), st.data())
def test_order_and_descriptions_do_not_count(definition, data):
    steps = [
        msgspec.structs.replace(
            step,
            depends_on=tuple(data.draw(st.permutations(step.depends_on))),
            handler_config=shuffled_dict(data.draw, step.handler_config),
            description=data.draw(st.text(max_size=5)),
        )
        for step in data.draw(st.permutations(definition.steps))
    ]
    other = msgspec.structs.replace(
        definition,
        steps=tuple(steps),
        description="else",
        custom_events=tuple(
            CustomEvent(name=event.name, description="else")
            for event in data.draw(st.permutations(definition.custom_events))
        ),
        annotation_types=tuple(data.draw(st.permutations(definition.annotation_types))),
        custom_metadata=shuffled_dict(data.draw, definition.custom_metadata),
    )
    assert other.hash == definition.hash


@given(definitions())
def test_a_definition_read_back_has_the_same_hash(definition):
    again = msgspec.json.decode(msgspec.json.encode(definition), type=Definition)
    assert again.hash == definition.hash


@pytest.mark.parametrize(
    "change",
    [
        {"name": "other"},
        {"handler": "shop:Other"},
        {"depends_on": ()},
        {"dependent_system": "db"},
        {"retryable": False},
        {"retry_limit": 4},
        {"skippable": True},
        {"timeout_seconds": 1.0},
        {"executor": "process"},
        {"max_concurrent_requests": 1},
        {"rate_limit_per_second": 1.0},
        {"handler_config": {"a": 1}},
        {"custom_events": (CustomEvent(name="a.b"),)},
    ],
)
def test_whatever_changes_how_a_step_runs_changes_the_hash(change):
    root = StepDefinition(name="root", handler="shop:A")
    step = StepDefinition(name="step", handler="shop:A", depends_on=("root",))
    changed = msgspec.structs.replace(step, **change)
    one = Definition(name="a", steps=(root, step))
    two = Definition(name="a", steps=(root, changed))
    assert one.hash != two.hash


def test_the_twin_in_yaml_has_the_hash_of_the_definition_in_python(tmp_path):
    from_yaml = load(tmp_path, shop.SHOP_YAML).definition
    from_python = shop.checkout.build({})
    assert from_yaml.hash == from_python.hash
    assert msgspec.to_builtins(from_yaml.steps_by_name["charge"]) | {"description": ""} == (
        msgspec.to_builtins(from_python.steps_by_name["charge"])
    )
