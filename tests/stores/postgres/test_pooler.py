"""Behind a pooler that gives every transaction another session of the server."""

import pytest

from tasker import Engine
from tasker.stores.contract import checks
from tests.engine.support import QUICK, one_step, request
from tests.servers.pgbouncer import transaction_pooler
from tests.stores.databases import PostgresDatabase

TOPICS = ("journal", "refusals", "claims", "nodes", "outbox", "sharing")
CHECKS = [
    pytest.param(check, id=f"{check.topic}-{check.name}")
    for check in checks()
    if check.topic in TOPICS
]


@pytest.fixture(scope="module")
def pooled(postgres):
    """Return what gives URLs that lead through the pooler."""
    with transaction_pooler(postgres) as port:
        yield lambda: postgres.url(pooler="transaction").replace(str(postgres.port), str(port))


@pytest.mark.parametrize("check", CHECKS)
async def test_the_promises_hold(check, pooled):
    await check.run(PostgresDatabase(pooled()))


async def test_what_another_process_submits_is_found_by_polling(pooled):
    url = pooled()
    async with (
        Engine.open(url, definitions=one_step(), config=QUICK) as engine,
        Engine.open(url, definitions=one_step(), work=False) as beside,
    ):
        assert not engine._store.hears
        task_id = await beside.submit(request())
        assert (await engine.wait(task_id, timeout_seconds=20)).state == "complete"
