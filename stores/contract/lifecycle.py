"""Checks of a store's life: open and close."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from msgspec import Raw

from tasker.stores.contract import expect
from tasker.stores.contract.database import Database
from tasker.stores.contract.records import (
    START,
    command,
    creation,
    found,
    node,
    recorded,
    step,
    task,
)
from tasker.stores.errors import StoreClosedError
from tasker.stores.outbox import SubscriptionRecord
from tasker.stores.protocols import Store
from tasker.stores.records import (
    AnnotationTypeRecord,
    DefinitionRecord,
    DependentSystemRecord,
    NamespaceRecord,
    ObjectMapRecord,
    TaskFilter,
)

_DEFINITION = DefinitionRecord(
    hash="h", namespace="n", name="n", version="1.0.0", body=Raw(b"{}"), created_at=START
)
_MAP = ObjectMapRecord(system_one="a", remote_id_one="1", system_two="b", remote_id_two="2")
_SUBSCRIPTION = SubscriptionRecord(name="s", events=("*",), created_at=START)
_CALLS: dict[str, Callable[[Store], Awaitable[object]]] = {
    "commit": lambda store: store.commit([creation(task("t1"))]),
    "probe": lambda store: store.probe(),
    "get_task": lambda store: store.get_task("t1"),
    "list_tasks": lambda store: store.list_tasks(TaskFilter()),
    "count_tasks": lambda store: store.count_tasks(TaskFilter()),
    "history": lambda store: store.history("t1"),
    "annotations": lambda store: store.annotations("t1"),
    "join": lambda store: store.join(node()),
    "leave": lambda store: store.leave("node-a"),
    "holder": lambda store: store.holder(),
    "claim_backlog": lambda store: store.claim_backlog("node-a", 1),
    "claim_due": lambda store: store.claim_due("node-a", START, 1),
    "claim_task": lambda store: store.claim_task("node-a", "t1"),
    "next_wake_at": lambda store: store.next_wake_at(),
    "changed": lambda store: store.changed(),
    "put_definition": lambda store: store.put_definition(_DEFINITION),
    "get_definition": lambda store: store.get_definition("h"),
    "put_namespace": lambda store: store.put_namespace(NamespaceRecord(name="n", created_at=START)),
    "namespaces": lambda store: store.namespaces(),
    "put_annotation_type": lambda store: store.put_annotation_type(AnnotationTypeRecord(name="a")),
    "annotation_types": lambda store: store.annotation_types(),
    "put_system": lambda store: store.put_system(DependentSystemRecord(name="a")),
    "systems": lambda store: store.systems(),
    "find_or_create_object_map": lambda store: store.find_or_create_object_map(_MAP),
    "object_maps": lambda store: store.object_maps("a", "1"),
    "post_command": lambda store: store.post_command(command("c1")),
    "waiting_commands": lambda store: store.waiting_commands(1, "node-a"),
    "finish_command": lambda store: store.finish_command("c1", b"{}"),
    "get_command": lambda store: store.get_command("c1"),
    "prune_commands": lambda store: store.prune_commands(START),
    "put_subscription": lambda store: store.put_subscription(_SUBSCRIPTION),
    "subscriptions": lambda store: store.subscriptions(),
    "wanted_events": lambda store: store.wanted_events(),
    "suspend_subscription": lambda store: store.suspend_subscription("s", None),
    "lease_subscription": lambda store: store.lease_subscription("s", "a", now=START, until=START),
    "release_subscription": lambda store: store.release_subscription("s", 1),
    "read_outbox": lambda store: store.read_outbox("s", after=0, limit=1),
    "advance": lambda store: store.advance("s", 1, 1),
    "dead_letters": lambda store: store.dead_letters("s"),
    "redeliver": lambda store: store.redeliver("s", at=START),
    "discard_dead_letters": lambda store: store.discard_dead_letters("s"),
    "prune_outbox": lambda store: store.prune_outbox(START),
    "remove_subscription": lambda store: store.remove_subscription("s"),
}


async def check_a_store_works_between_open_and_close(database: Database) -> None:
    """Every method raises `StoreClosedError` before open and after close."""
    store = database.connect()
    for method, call in _CALLS.items():
        await expect.raises(StoreClosedError, call(store), f"{method} before open is refused")
    await store.open()
    for call in _CALLS.values():
        await call(store)
    await store.close()
    for method, call in _CALLS.items():
        error = await expect.raises(
            StoreClosedError, call(store), f"{method} after close is refused"
        )
        expect.equal(error.url, store.url, "the refusal names the store")


async def check_close_is_safe_to_call_twice(database: Database) -> None:
    """Closing again, or without opening, does nothing."""
    store = database.connect()
    await store.close()
    await store.open()
    await store.close()
    await store.close()


async def check_open_is_safe_to_call_twice(database: Database) -> None:
    """Opening an open store does nothing."""
    store = database.connect()
    await store.open()
    try:
        await recorded(store, [creation(task("t1"))])
        await store.open()
        await found(store, "t1")
    finally:
        await store.close()


async def check_a_store_can_be_opened_again(database: Database) -> None:
    """What was acknowledged before close is there after open."""
    store = database.connect()
    await store.open()
    await recorded(store, [creation(task("t1"), steps=(step("a"),))])
    await store.changed()
    before = await found(store, "t1")
    await store.close()
    await store.open()
    try:
        expect.equal(await found(store, "t1"), before, "closing loses nothing")
        expect.true(await store.changed(), "the first call after open is True")
    finally:
        await store.close()


async def check_close_gives_up_working_the_store(database: Database) -> None:
    """A closed store holds nothing, although it did not leave."""
    store = database.connect()
    await store.open()
    await store.join(node("node-a"))
    await recorded(store, [creation(task("t1", owner="node-a"))])
    await store.close()
    await store.open()
    try:
        expect.true(await store.holder() is None, "a store that was closed works nothing")
        # With leases, closing has freed them.
        freed = 0 if store.many_nodes else 1
        expect.equal(await store.join(node("node-b")), freed, "another node takes up its tasks")
    finally:
        await store.close()
