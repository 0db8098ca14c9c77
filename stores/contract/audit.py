"""Checks of `AuditReader`."""

from __future__ import annotations

from typing import Any

from tasker.stores.contract import expect
from tasker.stores.contract.records import START, append, creation, recorded, task
from tasker.stores.protocols import Store
from tasker.stores.records import ActionRecord, AuditFilter, AuditRecord

_EVERY = AuditFilter()


def _action(by: str, operation: str = "cancel", **fields: Any) -> ActionRecord:
    return ActionRecord(operation=operation, by=by, **fields)


async def _audit(
    store: Store, where: AuditFilter = _EVERY, *, limit: int = 50
) -> list[AuditRecord]:
    """Follow the cursor to the end; the number of pages is bounded, as it may be wrong."""
    found: list[AuditRecord] = []
    cursor = None
    for _ in range(1_000):
        page = await store.audit(where, cursor=cursor, limit=limit)
        found += page.actions
        if page.next_cursor is None:
            return found
        cursor = page.next_cursor
    raise expect.BrokenPromiseError("the pages come to an end")


async def _record_three(store: Store) -> None:
    await recorded(
        store,
        [
            creation(task("t1", namespace="shop"), actions=(_action("ann", "create"),)),
            creation(task("t2", name="refund")),
            append(
                "t2",
                2,
                at=START + 1.5,
                actions=(
                    _action("bob", "retry", step='s"1', reason="why'"),
                    _action("ann"),
                ),
            ),
        ],
    )


async def check_actions_are_those_recorded(store: Store) -> None:
    """An action comes with its task, its append and its instant; the last one first."""
    await _record_three(store)
    expect.equal(
        await _audit(store),
        [
            AuditRecord(
                operation="cancel",
                by="ann",
                task_id="t2",
                namespace="default",
                name="refund",
                seq=2,
                at=START + 1.5,
            ),
            AuditRecord(
                operation="retry",
                by="bob",
                step='s"1',
                reason="why'",
                task_id="t2",
                namespace="default",
                name="refund",
                seq=2,
                at=START + 1.5,
            ),
            AuditRecord(
                operation="create",
                by="ann",
                task_id="t1",
                namespace="shop",
                name="order",
                seq=1,
                at=START,
            ),
        ],
        "every action, those recorded last first",
    )


async def check_actions_by_filter(store: Store) -> None:
    """Every field of a filter that is given holds; a bound is inclusive below alone."""
    await _record_three(store)
    for where, operations in (
        (AuditFilter(by="ann"), ["cancel", "create"]),
        (AuditFilter(by="an"), []),
        (AuditFilter(operation="retry"), ["retry"]),
        (AuditFilter(task_id="t2", by="bob"), ["retry"]),
        (AuditFilter(namespace="shop"), ["create"]),
        (AuditFilter(at_from=START + 1.5), ["cancel", "retry"]),
        (AuditFilter(at_until=START + 1.5), ["create"]),
        (AuditFilter(at_from=START, at_until=START), []),
    ):
        found = [each.operation for each in await _audit(store, where)]
        expect.equal(found, operations, f"actions where {where}")


async def check_actions_by_pages(store: Store) -> None:
    """Following the cursor gives each action once, whatever is recorded meanwhile."""
    await recorded(store, [creation(task("t1"))])
    for number in range(2, 9):
        await recorded(store, [append("t1", number, actions=(_action("ann", str(number)),))])
    first = await store.audit(_EVERY, limit=3)
    await recorded(store, [append("t1", 9, actions=(_action("ann", "9"),))])
    rest = await store.audit(_EVERY, cursor=first.next_cursor, limit=10)
    expect.equal(
        [each.operation for each in (*first.actions, *rest.actions)],
        ["8", "7", "6", "5", "4", "3", "2"],
        "the actions that were recorded at the first page",
    )
    expect.equal(rest.next_cursor, None, "the cursor of the last page")
    expect.equal(len(await _audit(store, limit=1)), 8, "pages of one action")
    none = await store.audit(_EVERY, cursor="none", limit=3)
    expect.equal(none.actions, (), "what a cursor that is none leads to")


async def check_a_refused_append_has_no_actions(store: Store) -> None:
    """What was refused was not done, so nobody did it."""
    await recorded(store, [creation(task("t1"))])
    await store.commit([append("t1", 7, actions=(_action("ann"),))])
    expect.equal(await _audit(store), [], "the actions of a refused append")
