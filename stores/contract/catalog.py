"""Checks of `CatalogStore`."""

from __future__ import annotations

from typing import Any

from msgspec import Raw

from tasker.stores.contract import expect
from tasker.stores.contract.records import START, creation, note, recorded, task
from tasker.stores.protocols import Store
from tasker.stores.records import AnnotationTypeRecord, DefinitionRecord, NamespaceRecord


def _definition(hash: str, **fields: Any) -> DefinitionRecord:
    defaults: dict[str, Any] = {
        "namespace": "default",
        "name": "order",
        "version": "0.1.0",
        "body": Raw(b'{"url":"${SHOP}"}'),
        "created_at": START,
    }
    return DefinitionRecord(hash=hash, **(defaults | fields))


async def check_definitions_by_hash(store: Store) -> None:
    """A definition is found by its content hash; the first record stays."""
    expect.true(await store.get_definition("h1") is None, "an unknown hash is None")
    await store.put_definition(_definition("h1"))
    await store.put_definition(_definition("h1", body=Raw(b"{}"), created_at=START + 9))
    await store.put_definition(_definition("h2", body=Raw(b"[]")))
    expect.equal(await store.get_definition("h1"), _definition("h1"), "the first record stays")
    second = await store.get_definition("h2")
    expect.equal(second, _definition("h2", body=Raw(b"[]")), "one of the same name is another")


async def check_namespaces(store: Store) -> None:
    """A namespace is created once; a description that is given replaces the old one."""
    await store.put_namespace(NamespaceRecord(name="b", created_at=START))
    await store.put_namespace(NamespaceRecord(name="a", description="A", created_at=START))
    await store.put_namespace(NamespaceRecord(name="b", description="B", created_at=START + 5))
    await store.put_namespace(NamespaceRecord(name="b", created_at=START + 9))
    expect.equal(
        await store.namespaces(),
        [
            NamespaceRecord(name="a", description="A", created_at=START),
            NamespaceRecord(name="b", description="B", created_at=START),
        ],
        "namespaces are by name; an empty description replaces none",
    )


async def check_a_task_keeps_a_namespace_as_it_is(store: Store) -> None:
    """Use of a namespace that exists leaves it alone."""
    shop = NamespaceRecord(name="shop", description="Shop", created_at=START)
    await store.put_namespace(shop)
    await recorded(store, [creation(task("t1", namespace="shop", at=START + 5))])
    expect.equal(await store.namespaces(), [shop], "use leaves a namespace as it is")


async def check_annotation_types(store: Store) -> None:
    """A type is created once; a description that is given replaces the old one."""
    await store.put_annotation_type(AnnotationTypeRecord(name="b"))
    await store.put_annotation_type(AnnotationTypeRecord(name="a", description="A"))
    await store.put_annotation_type(AnnotationTypeRecord(name="b", description="B"))
    await store.put_annotation_type(AnnotationTypeRecord(name="b"))
    await recorded(store, [creation(task("t1"), annotations=(note("a"), note("c")))])
    expect.equal(
        await store.annotation_types(),
        [
            AnnotationTypeRecord(name="a", description="A"),
            AnnotationTypeRecord(name="b", description="B"),
            AnnotationTypeRecord(name="c"),
        ],
        "annotation types are by name; neither use nor an empty description replaces one",
    )
