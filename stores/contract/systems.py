"""Checks of `SystemStore`."""

from __future__ import annotations

import anyio

from tasker.stores.contract import expect
from tasker.stores.protocols import Store
from tasker.stores.records import DependentSystemRecord, ObjectMapRecord


def _map(one: tuple[str, str], two: tuple[str, str]) -> ObjectMapRecord:
    return ObjectMapRecord(
        system_one=one[0], remote_id_one=one[1], system_two=two[0], remote_id_two=two[1]
    )


SHOP, CRM = ("shop", "17"), ("crm", "a")


async def check_systems(store: Store) -> None:
    """A system is created once; a description that is given replaces the old one."""
    await store.put_system(DependentSystemRecord(name="b"))
    await store.put_system(DependentSystemRecord(name="a", description="A"))
    await store.put_system(DependentSystemRecord(name="b", description="B"))
    await store.put_system(DependentSystemRecord(name="b"))
    expect.equal(
        await store.systems(),
        [
            DependentSystemRecord(name="a", description="A"),
            DependentSystemRecord(name="b", description="B"),
        ],
        "systems are by name; an empty description replaces none",
    )


async def check_an_object_map_is_found_in_either_order(store: Store) -> None:
    """There is one map of two objects; it keeps the order in which it was created."""
    made = await store.find_or_create_object_map(_map(SHOP, CRM))
    expect.equal(made, _map(SHOP, CRM), "a map is created in the given order")
    for wanted in (_map(SHOP, CRM), _map(CRM, SHOP)):
        again = await store.find_or_create_object_map(wanted)
        expect.equal(again, made, "the same map is found in either order")
    crossed = _map(("shop", "a"), ("crm", "17"))
    other = await store.find_or_create_object_map(crossed)
    expect.equal(other, crossed, "the same ids of other systems are another map")


async def check_an_object_map_creates_its_systems(store: Store) -> None:
    """Systems that are absent are created; others are left alone."""
    crm = DependentSystemRecord(name="crm", description="CRM")
    await store.put_system(crm)
    await store.find_or_create_object_map(_map(SHOP, CRM))
    wanted = [crm, DependentSystemRecord(name="shop")]
    expect.equal(await store.systems(), wanted, "absent systems are created")


async def check_object_maps_of_an_object(store: Store) -> None:
    """The maps that name an object on either side."""
    other, own = ("erp", "9"), _map(SHOP, SHOP)
    for wanted in (_map(SHOP, CRM), _map(other, SHOP), _map(other, CRM), own):
        await store.find_or_create_object_map(wanted)
    found = await store.object_maps(*SHOP)
    kept = {(record.system_one, record.system_two) for record in found}
    expect.equal(len(found), 3, "each map of an object is found once")
    wanted_sides = {("shop", "crm"), ("erp", "shop"), ("shop", "shop")}
    expect.true(kept == wanted_sides, "an object is found on either side")
    expect.equal(await store.object_maps("shop", "18"), [], "an unknown object has none")


async def check_callers_at_once_get_one_object_map(store: Store) -> None:
    """Two callers at once get the same map."""
    maps: list[ObjectMapRecord] = []

    async def ask(wanted: ObjectMapRecord) -> None:
        maps.append(await store.find_or_create_object_map(wanted))

    async with anyio.create_task_group() as group:
        for wanted in (_map(SHOP, CRM), _map(CRM, SHOP)) * 4:
            group.start_soon(ask, wanted)
    expect.equal(len(set(maps)), 1, "callers at once get the same map")
    expect.equal(len(await store.object_maps(*SHOP)), 1, "and it is there once")
