"""A definition whose one step fails, for tests of traces."""

from tasker import define
from tests.engine.support import request


def flaky(failures, error=ValueError, **options):
    """Return a definition of one step that fails a number of times."""
    made = define("work", namespace="shop")

    @made.step(**options)
    async def step(step):
        if step.attempt <= failures:
            raise error(f"failure {step.attempt}")
        return step.attempt

    return made


def flaky_request(**fields):
    return request(namespace="shop", **fields)
