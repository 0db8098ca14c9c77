"""The OpenAPI document is true to what the server does, whatever it is sent."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import negative_data_rejection, positive_data_acceptance
from schemathesis.generation import GenerationMode

from tasker import Engine
from tasker.server import TaskerApp
from tests.server.serving import Served

# What cannot be said in a schema is refused with 422: a name that is not registered, filters
# that go together, a change of nothing. Everything else is checked.
EXCLUDED = [positive_data_acceptance]
# Among many examples that should be refused are some that are not wrong once they are written
# as a query, where a number is text as well, and one value is a list of one.
EXCLUDED_OF_MANY = [*EXCLUDED, negative_data_rejection]
SECONDS = 10
FEW, MANY = 5, 50


def operations() -> list[str]:
    """Every operation of the document, as in ``GET /tasks``."""
    made = TaskerApp(Engine.open("memory://")).openapi()
    return sorted(
        f"{method.upper()} {path}"
        for path, item in made["paths"].items()
        for method in item
        if path != "/events/stream"  # which never ends
    )


@pytest.fixture(scope="session")
def described(server: Served):
    return schemathesis.openapi.from_url(f"{server.url}/openapi.json")


@pytest.mark.parametrize("examples", [FEW, pytest.param(MANY, marks=pytest.mark.long)])
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("label", operations())
def test_every_answer_is_one_that_is_described(label, mode, examples, described, server):
    method, path = label.split(" ")
    operation = described[path][method]
    excluded = EXCLUDED if examples == FEW else EXCLUDED_OF_MANY

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=examples,
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=True,
        phases=[Phase.generate],
    )
    def check(case):
        answer = case.call(timeout=SECONDS)
        case.validate_response(answer, excluded_checks=excluded)

    try:
        check()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE, "nothing can be sent"
