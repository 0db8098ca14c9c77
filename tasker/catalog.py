"""Namespaces, dependent systems and annotation types: what is kept beside tasks."""

from __future__ import annotations

from tasker.actors.protocols import Clock
from tasker.handlers.binding import BoundDefinition
from tasker.registry import Registry
from tasker.stores.protocols import Store
from tasker.stores.records import (
    AnnotationTypeRecord,
    DependentSystemRecord,
    NamespaceRecord,
    ObjectMapRecord,
)


class Catalog:
    """What definitions refer to by name; made on first use, or explicitly."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def create_namespace(self, name: str, description: str = "") -> None:
        """Create a namespace, or describe one that exists."""
        await self._store.put_namespace(
            NamespaceRecord(name=name, description=description, created_at=self._clock.now())
        )

    async def namespaces(self) -> list[NamespaceRecord]:
        """Return the namespaces by name."""
        return await self._store.namespaces()

    async def create_system(self, name: str, description: str = "") -> None:
        """Create a dependent system, or describe one that exists."""
        await self._store.put_system(DependentSystemRecord(name=name, description=description))

    async def systems(self) -> list[DependentSystemRecord]:
        """Return the dependent systems by name."""
        return await self._store.systems()

    async def map_object(
        self, system_one: str, remote_id_one: str, system_two: str, remote_id_two: str
    ) -> ObjectMapRecord:
        """Find or create the map that joins the same object's ids in two systems."""
        return await self._store.find_or_create_object_map(
            ObjectMapRecord(
                system_one=system_one,
                remote_id_one=remote_id_one,
                system_two=system_two,
                remote_id_two=remote_id_two,
            )
        )

    async def object_maps(self, system: str, remote_id: str) -> list[ObjectMapRecord]:
        """Return the maps that name an object on either side."""
        return await self._store.object_maps(system, remote_id)

    async def annotation_types(self) -> list[AnnotationTypeRecord]:
        """Return the annotation types by name."""
        return await self._store.annotation_types()

    async def declare(self, registry: Registry[BoundDefinition]) -> None:
        """Record what the registered definitions name."""
        definitions = [entry.definition for entry in registry.list()]
        for name in sorted({definition.namespace for definition in definitions}):
            await self.create_namespace(name)
        systems = {
            step.dependent_system
            for definition in definitions
            for step in definition.steps
            if step.dependent_system is not None
        }
        for name in sorted(systems):
            await self.create_system(name)
        for definition in definitions:
            for kind in definition.annotation_types:
                await self._store.put_annotation_type(
                    AnnotationTypeRecord(name=kind.name, description=kind.description)
                )
