"""Definitions that tasks run under: those registered, and those that only the store has."""

from __future__ import annotations

from functools import partial

import anyio.to_thread
import msgspec

from tasker.actors.workflow.plan import Backoff, Plan
from tasker.definitions.definition import Definition
from tasker.errors import TaskerError, UnknownDefinitionError
from tasker.handlers.binding import BoundDefinition, bind
from tasker.handlers.plans import compile_plan, decode_overrides
from tasker.registry import Registry
from tasker.stores.protocols import CatalogStore
from tasker.stores.records import DefinitionRecord, TaskRecord, TaskSummary
from tasker.telemetry.masking import DEFAULT_RULES, MaskingRules


class DefinitionShelf:
    """Finds a definition by its hash, so that a task resumes under the one it started with.

    A definition that is registered no more, or differently by now, is read from
    the store, and its handlers are imported by their names. With ``runs`` False,
    for an engine that starts no steps, a plan can be had without its handlers too.
    """

    def __init__(
        self,
        registry: Registry[BoundDefinition],
        store: CatalogStore,
        backoff: Backoff,
        *,
        masking: MaskingRules = DEFAULT_RULES,
        runs: bool = True,
    ) -> None:
        self._registry = registry
        self._store = store
        self._backoff = backoff
        self._masking = masking
        self._runs = runs
        self._recalled: dict[str, BoundDefinition] = {}
        self._definitions: dict[str, Definition] = {}
        self._kept: set[str] = set()

    def bound_for(self, hash: str) -> BoundDefinition:
        """Return a bound definition that was found before; KeyError when it was not."""
        found = self._registry.find_by_hash(hash)
        return found if found is not None else self._recalled[hash]

    async def plan_for(self, task: TaskRecord) -> Plan:
        """Return the plan that a task started with; raises `TaskerError` if it cannot be had."""
        overrides = decode_overrides(task.overrides)
        try:
            return (await self._recall(task)).plan_for(overrides)
        except TaskerError:
            if self._runs:
                raise
        return self.outline_for(task, await self.definition_for(task))

    async def definition_for(self, task: TaskSummary) -> Definition:
        """Return the definition that a task started with, whether it can run here or not."""
        found = self._registry.find_by_hash(task.definition_hash)
        if found is not None:
            return found.definition
        if task.definition_hash not in self._definitions:
            record = await self._store.get_definition(task.definition_hash)
            if record is None:
                raise UnknownDefinitionError(
                    namespace=task.namespace, name=task.name, version=task.version, known=()
                )
            self._definitions[task.definition_hash] = msgspec.json.decode(
                record.body, type=Definition
            )
        return self._definitions[task.definition_hash]

    def outline_for(self, task: TaskRecord, definition: Definition) -> Plan:
        """Return the graph and limits of a task, to look at; for that no handler is needed."""
        bound = self._registry.find_by_hash(task.definition_hash)
        if bound is not None and task.overrides is None:
            return bound.plan
        return compile_plan(definition, decode_overrides(task.overrides), backoff=self._backoff)

    async def keep(self, bound: BoundDefinition, at: float) -> None:
        """Have a definition in the store, before the first task that runs under it."""
        record = self.to_keep(bound, at)
        if record is not None:
            await self._store.put_definition(record)
            self._kept.add(record.hash)

    def to_keep(self, bound: BoundDefinition, at: float) -> DefinitionRecord | None:
        """Return what the store has to keep of a definition, None when it does already."""
        definition = bound.definition
        if definition.hash in self._kept:
            return None
        return DefinitionRecord(
            hash=definition.hash,
            namespace=definition.namespace,
            name=definition.name,
            version=definition.version,
            body=msgspec.Raw(msgspec.json.encode(definition)),
            created_at=at,
        )

    async def _recall(self, task: TaskRecord) -> BoundDefinition:
        try:
            return self.bound_for(task.definition_hash)
        except KeyError:
            definition = await self.definition_for(task)
        # In a thread: importing somebody's modules can take seconds.
        bound = await anyio.to_thread.run_sync(
            partial(
                bind,
                definition,
                source="the store",
                backoff=self._backoff,
                masking=self._masking,
            )
        )
        self._recalled[task.definition_hash] = bound
        return bound
