"""``python -m examples.embedded``: an order placed in one API, followed in the other."""

from tests.examples.commands import run_example

PRINTED = """\
shop.order@0.1.0 is complete
  reserve: {'reserved': ['tea', 'milk']}
  charge: {'charged': 20}
the shop has 1 handler
"""


def test_an_order_is_placed_and_followed(tmp_path):
    assert run_example("embedded", directory=tmp_path).stdout == PRINTED
