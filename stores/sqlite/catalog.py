"""What is kept beside tasks: definitions, namespaces, types, systems and their objects."""

from __future__ import annotations

import sqlite3
from typing import Any

from msgspec import Raw

from tasker.stores.records import (
    AnnotationTypeRecord,
    DefinitionRecord,
    DependentSystemRecord,
    NamespaceRecord,
    ObjectMapRecord,
)
from tasker.stores.sqlite.queries import queries
from tasker.stores.sqlite.rows import Row, definition_row, json_text
from tasker.stores.sqlite.slice import Slice

_QUERIES = queries("catalog")


class CatalogSlice(Slice):
    """See `CatalogStore` and `SystemStore`."""

    async def put_definition(self, definition: DefinitionRecord) -> None:
        """See `CatalogStore.put_definition`."""
        await self._put("put_definition", *definition_row(definition))

    async def get_definition(self, hash: str) -> DefinitionRecord | None:
        """See `CatalogStore.get_definition`."""
        for hash_, namespace, name, version, body, created_at in await self._rows(
            "get_definition", hash
        ):
            return DefinitionRecord(
                hash=hash_,
                namespace=namespace,
                name=name,
                version=version,
                body=Raw(body.encode()),
                created_at=created_at,
            )
        return None

    async def put_namespace(self, namespace: NamespaceRecord) -> None:
        """See `CatalogStore.put_namespace`."""
        await self._put(
            "put_namespace", namespace.name, namespace.description, namespace.created_at
        )

    async def namespaces(self) -> list[NamespaceRecord]:
        """See `CatalogStore.namespaces`."""
        return [
            NamespaceRecord(name=name, description=description, created_at=created_at)
            for name, description, created_at in await self._rows("namespaces")
        ]

    async def put_annotation_type(self, kind: AnnotationTypeRecord) -> None:
        """See `CatalogStore.put_annotation_type`."""
        await self._put("put_annotation_type", kind.name, kind.description)

    async def annotation_types(self) -> list[AnnotationTypeRecord]:
        """See `CatalogStore.annotation_types`."""
        return [
            AnnotationTypeRecord(name=name, description=description)
            for name, description in await self._rows("annotation_types")
        ]

    async def put_system(self, system: DependentSystemRecord) -> None:
        """See `SystemStore.put_system`."""
        await self._put("put_system", system.name, system.description)

    async def systems(self) -> list[DependentSystemRecord]:
        """See `SystemStore.systems`."""
        return [
            DependentSystemRecord(name=name, description=description)
            for name, description in await self._rows("systems")
        ]

    async def find_or_create_object_map(self, wanted: ObjectMapRecord) -> ObjectMapRecord:
        """See `SystemStore.find_or_create_object_map`."""
        return await self._writer.write(lambda raw: _find_or_create(raw, wanted))

    async def object_maps(self, system: str, remote_id: str) -> list[ObjectMapRecord]:
        """See `SystemStore.object_maps`."""
        asked = {"system": system, "remote_id": remote_id}
        rows = await self._reader.read(
            lambda raw: raw.execute(_QUERIES["object_maps"], asked).fetchall()
        )
        return [_object_map(row) for row in rows]

    async def _put(self, query: str, *values: Any) -> None:
        await self._writer.write(lambda raw: raw.execute(_QUERIES[query], values))

    async def _rows(self, query: str, *values: Any) -> list[Row]:
        return await self._reader.read(
            lambda raw: raw.execute(_QUERIES[query], values).fetchall(),
        )


def _find_or_create(connection: sqlite3.Connection, wanted: ObjectMapRecord) -> ObjectMapRecord:
    one = (wanted.system_one, wanted.remote_id_one)
    two = (wanted.system_two, wanted.remote_id_two)
    pair = json_text(sorted([one, two]))
    found = connection.execute(_QUERIES["find_object_map"], (pair,)).fetchone()
    if found is not None:
        return _object_map(found)
    connection.execute(_QUERIES["insert_object_map"], (pair, *one, *two))
    connection.executemany(_QUERIES["know_system"], [one[:1], two[:1]])
    return wanted


def _object_map(row: Row) -> ObjectMapRecord:
    return ObjectMapRecord(
        system_one=row[0], remote_id_one=row[1], system_two=row[2], remote_id_two=row[3]
    )
