"""What `MemoryStore` keeps beside tasks: catalog, systems, commands."""

from __future__ import annotations

from msgspec import Raw
from msgspec.structs import replace

from tasker.stores.memory_base import MemoryBase
from tasker.stores.records import (
    AnnotationTypeRecord,
    CommandRecord,
    DefinitionRecord,
    DependentSystemRecord,
    NamespaceRecord,
    ObjectMapRecord,
)


class MemoryCatalog(MemoryBase):
    """The catalog, system and command slices, in dictionaries."""

    def __init__(self) -> None:
        super().__init__()
        self._definitions: dict[str, DefinitionRecord] = {}
        self._namespaces: dict[str, NamespaceRecord] = {}
        self._annotation_types: dict[str, AnnotationTypeRecord] = {}
        self._systems: dict[str, DependentSystemRecord] = {}
        self._object_maps: dict[frozenset[tuple[str, str]], ObjectMapRecord] = {}
        self._commands: dict[str, CommandRecord] = {}

    # Catalog

    async def put_definition(self, definition: DefinitionRecord) -> None:
        """See `CatalogStore.put_definition`."""
        self._check_open()
        self._definitions.setdefault(definition.hash, definition)

    async def get_definition(self, hash: str) -> DefinitionRecord | None:
        """See `CatalogStore.get_definition`."""
        self._check_open()
        return self._definitions.get(hash)

    async def put_namespace(self, namespace: NamespaceRecord) -> None:
        """See `CatalogStore.put_namespace`."""
        self._check_open()
        known = self._namespaces.setdefault(namespace.name, namespace)
        if namespace.description:
            self._namespaces[known.name] = replace(known, description=namespace.description)

    async def namespaces(self) -> list[NamespaceRecord]:
        """See `CatalogStore.namespaces`."""
        self._check_open()
        return [record for _, record in sorted(self._namespaces.items())]

    async def put_annotation_type(self, kind: AnnotationTypeRecord) -> None:
        """See `CatalogStore.put_annotation_type`."""
        self._check_open()
        if kind.description or kind.name not in self._annotation_types:
            self._annotation_types[kind.name] = kind

    async def annotation_types(self) -> list[AnnotationTypeRecord]:
        """See `CatalogStore.annotation_types`."""
        self._check_open()
        return [record for _, record in sorted(self._annotation_types.items())]

    # Systems

    async def put_system(self, system: DependentSystemRecord) -> None:
        """See `SystemStore.put_system`."""
        self._check_open()
        if system.description or system.name not in self._systems:
            self._systems[system.name] = system

    async def systems(self) -> list[DependentSystemRecord]:
        """See `SystemStore.systems`."""
        self._check_open()
        return [record for _, record in sorted(self._systems.items())]

    async def find_or_create_object_map(self, wanted: ObjectMapRecord) -> ObjectMapRecord:
        """See `SystemStore.find_or_create_object_map`."""
        self._check_open()
        pair = frozenset(_sides(wanted))
        if pair not in self._object_maps:
            self._object_maps[pair] = wanted
            for system, _ in _sides(wanted):
                self._systems.setdefault(system, DependentSystemRecord(name=system))
        return self._object_maps[pair]

    async def object_maps(self, system: str, remote_id: str) -> list[ObjectMapRecord]:
        """See `SystemStore.object_maps`."""
        self._check_open()
        return [record for pair, record in self._object_maps.items() if (system, remote_id) in pair]

    # Commands

    async def post_command(self, command: CommandRecord) -> None:
        """See `CommandStore.post_command`."""
        self._check_open()
        self._commands.setdefault(command.command_id, command)

    async def waiting_commands(self, limit: int, node_id: str) -> list[CommandRecord]:
        """See `CommandStore.waiting_commands`."""
        self._check_open()
        waiting = [command for command in self._commands.values() if command.outcome is None]
        waiting.sort(key=lambda command: (command.created_at, command.command_id))
        return waiting[:limit]

    async def finish_command(self, command_id: str, outcome: bytes) -> None:
        """See `CommandStore.finish_command`."""
        self._check_open()
        command = self._commands.get(command_id)
        if command is not None and command.outcome is None:
            self._commands[command_id] = replace(command, outcome=Raw(bytes(outcome)))

    async def get_command(self, command_id: str) -> CommandRecord | None:
        """See `CommandStore.get_command`."""
        self._check_open()
        return self._commands.get(command_id)

    async def prune_commands(self, before: float) -> int:
        """See `CommandStore.prune_commands`."""
        self._check_open()
        done = [
            command.command_id
            for command in self._commands.values()
            if command.outcome is not None and command.created_at < before
        ]
        for command_id in done:
            del self._commands[command_id]
        return len(done)


def _sides(record: ObjectMapRecord) -> tuple[tuple[str, str], tuple[str, str]]:
    return (
        (record.system_one, record.remote_id_one),
        (record.system_two, record.remote_id_two),
    )
