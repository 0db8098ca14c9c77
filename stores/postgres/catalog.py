"""What is kept beside tasks: definitions, namespaces, types, systems and their objects."""

from __future__ import annotations

from msgspec import Raw
from msgspec.structs import asdict

from tasker.stores.postgres.driver import Connection
from tasker.stores.postgres.rows import json_text, text
from tasker.stores.postgres.slice import Slice
from tasker.stores.postgres.statements import Statements
from tasker.stores.records import (
    AnnotationTypeRecord,
    DefinitionRecord,
    DependentSystemRecord,
    NamespaceRecord,
    ObjectMapRecord,
)


class CatalogSlice(Slice):
    """See `CatalogStore` and `SystemStore`."""

    _catalog: Statements

    async def put_definition(self, definition: DefinitionRecord) -> None:
        """See `CatalogStore.put_definition`."""
        values = {**asdict(definition), "body": text(definition.body)}
        await self._database.put(self._catalog["put_definition"], **values)

    async def get_definition(self, hash: str) -> DefinitionRecord | None:
        """See `CatalogStore.get_definition`."""
        for row in await self._database.rows(self._catalog["get_definition"], hash=hash):
            return DefinitionRecord(**{**row, "body": Raw(row["body"].encode())})
        return None

    async def put_namespace(self, namespace: NamespaceRecord) -> None:
        """See `CatalogStore.put_namespace`."""
        await self._database.put(self._catalog["put_namespace"], **asdict(namespace))

    async def namespaces(self) -> list[NamespaceRecord]:
        """See `CatalogStore.namespaces`."""
        rows = await self._database.rows(self._catalog["namespaces"])
        return [NamespaceRecord(**row) for row in rows]

    async def put_annotation_type(self, kind: AnnotationTypeRecord) -> None:
        """See `CatalogStore.put_annotation_type`."""
        await self._database.put(self._catalog["put_annotation_type"], **asdict(kind))

    async def annotation_types(self) -> list[AnnotationTypeRecord]:
        """See `CatalogStore.annotation_types`."""
        rows = await self._database.rows(self._catalog["annotation_types"])
        return [AnnotationTypeRecord(**row) for row in rows]

    async def put_system(self, system: DependentSystemRecord) -> None:
        """See `SystemStore.put_system`."""
        await self._database.put(self._catalog["put_system"], **asdict(system))

    async def systems(self) -> list[DependentSystemRecord]:
        """See `SystemStore.systems`."""
        rows = await self._database.rows(self._catalog["systems"])
        return [DependentSystemRecord(**row) for row in rows]

    async def find_or_create_object_map(self, wanted: ObjectMapRecord) -> ObjectMapRecord:
        """See `SystemStore.find_or_create_object_map`."""
        one = (wanted.system_one, wanted.remote_id_one)
        two = (wanted.system_two, wanted.remote_id_two)
        values = {**asdict(wanted), "pair": json_text(sorted([one, two]))}

        async def work(connection: Connection) -> ObjectMapRecord:
            find, insert = self._catalog["find_object_map"], self._catalog["insert_object_map"]
            if not (row := await connection.fetchrow(find.sql, *find.arguments(values))):
                await connection.execute(insert.sql, *insert.arguments(values))
                await connection.execute(self._catalog["know_systems"].sql, [one[0], two[0]])
                row = await connection.fetchrow(find.sql, *find.arguments(values))
            assert row is not None
            return ObjectMapRecord(**row)

        return await self._database.transact(work)

    async def object_maps(self, system: str, remote_id: str) -> list[ObjectMapRecord]:
        """See `SystemStore.object_maps`."""
        rows = await self._database.rows(
            self._catalog["object_maps"], system=system, remote_id=remote_id
        )
        return [ObjectMapRecord(**row) for row in rows]
