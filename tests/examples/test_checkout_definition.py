"""One checkout, written twice: the YAML file and its Python twin are the same."""

import msgspec
import pytest

from examples.checkout.in_python import process_order
from examples.checkout.pricing import price_items
from examples.checkout.run import DEFINITION
from tasker.definitions import build_graph, dependencies_of, load_definitions


def from_yaml(**options):
    [loaded] = load_definitions([DEFINITION], environ={}, **options)
    return loaded.definition


def test_the_twins_have_the_same_hash():
    assert from_yaml().hash == process_order.build({}).hash


def test_the_twins_name_the_same_handlers():
    twins = zip(from_yaml().steps, process_order.build({}).steps, strict=True)
    assert all(ours.handler == theirs.handler for ours, theirs in twins)


def test_a_difference_that_counts_changes_the_hash():
    definition = from_yaml()
    longer = msgspec.structs.replace(definition.steps[1], retry_limit=4)
    steps = (definition.steps[0], longer, *definition.steps[2:])
    assert msgspec.structs.replace(definition, steps=steps).hash != definition.hash


def test_the_steps_follow_one_another():
    assert build_graph(dependencies_of(from_yaml())).levels == (
        ("validate_cart",),
        ("process_payment",),
        ("update_inventory",),
        ("create_order",),
        ("send_confirmation",),
    )
    limits = [step.retry_limit for step in from_yaml().steps]
    assert limits == [3, 5, 2, 3, 5]


def test_an_environment_changes_what_it_names_alone():
    base, production = from_yaml().steps[1], from_yaml(environment="production").steps[1]
    assert production.handler_config == base.handler_config | {
        "timeout": 10,
        "max_concurrent_requests": 100,
    }
    assert from_yaml(environment="test").steps[1].retry_limit == 2


@pytest.mark.parametrize(
    ("items", "shipping", "total"),
    [
        ([], 5.99, 5.99),
        ([(4, 10.0)], 5.99, 49.19),
        ([(5, 10.0)], 9.99, 63.99),
        ([(20, 1.0)], 9.99, 31.59),
        ([(21, 1.0)], 14.99, 37.67),
        ([(3, 0.1)], 5.99, 6.31),
    ],
)
def test_prices(items, shipping, total):
    priced = price_items({"quantity": quantity, "price": price} for quantity, price in items)
    assert (priced["shipping"], priced["total"]) == (shipping, total)
