"""Every promise, on every store."""

import pytest

from tasker.stores.contract import checks
from tests.stores.databases import MemoryDatabase, PostgresDatabase, SqliteDatabase

CASES = [
    pytest.param(kind, check, id=f"{label}-{check.topic}-{check.name}")
    for label, kind in (("memory", MemoryDatabase), ("sqlite", SqliteDatabase))
    for check in checks()
    if check.applies_to(kind.capabilities)
]


@pytest.mark.parametrize(("kind", "check"), CASES)
async def test_contract(kind, check, tmp_path):
    await check.run(kind(tmp_path))


@pytest.mark.parametrize(
    "check",
    [
        pytest.param(check, id=f"{check.topic}-{check.name}")
        for check in checks()
        if check.applies_to(PostgresDatabase.capabilities)
    ],
)
async def test_contract_on_postgres(check, postgres):
    await check.run(PostgresDatabase(postgres.url()))


def test_every_check_says_its_promise_under_a_name_of_its_own():
    names = [check.name for check in checks()]
    assert len(names) == len(set(names))
    assert all(check.promise.endswith(".") for check in checks())
    assert {check.takes for check in checks()} == {"store", "database"}
