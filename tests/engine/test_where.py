"""Where the store is: given, or by the environment."""

import pytest

from tasker import Engine
from tasker.stores.errors import StoreUrlError
from tests.engine.support import one_step, request


async def test_the_store_of_the_variable(tmp_path):
    environ = {"TASKER_STORE": f"sqlite:///{tmp_path / 'tasks.db'}"}
    async with Engine.open(definitions=one_step(), environ=environ) as engine:
        assert (await engine.run(request())).state == "complete"
    assert (tmp_path / "tasks.db").exists()


@pytest.mark.parametrize("environ", [{}, {"TASKER_STORE": ""}])
def test_no_store_is_told(environ):
    with pytest.raises(StoreUrlError, match="set TASKER_STORE"):
        Engine.open(environ=environ)
