"""Traces of the commands that work: when the application wants them."""

import json

import pytest

from tests.cli.command import process

SHOP = """\
import sys

from tasker import define

{set_up}
order = define("order")


@order.step
async def charge(task):
    return 1
"""
SET_UP = """\
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor
from opentelemetry.trace import set_tracer_provider

provider = TracerProvider()
exporter = ConsoleSpanExporter(out=sys.stderr, formatter=lambda s: s.to_json(None) + "\\n")
provider.add_span_processor(SimpleSpanProcessor(exporter))
set_tracer_provider(provider)
"""


@pytest.fixture(autouse=True)
def _real_world(blocking_call_detector):
    blocking_call_detector.deactivate()


@pytest.mark.parametrize(
    ("set_up", "names"), [(SET_UP, ["step charge", "task default.order"]), ("", [])]
)
def test_an_application_that_has_set_up_a_provider_has_spans(folder, set_up, names):
    (folder / "traced_shop.py").write_text(SHOP.format(set_up=set_up))
    said = process("run", "order", "--app", "traced_shop:order", "--json", cwd=folder)
    assert said.json["state"] == "complete"
    assert [json.loads(line)["name"] for line in said.err.splitlines()] == names
