"""What tasks are made of: definitions by namespace, name and version, and types of notes."""

from __future__ import annotations

import anyio.to_thread
import strawberry
from msgspec import to_builtins
from strawberry.scalars import JSON

from tasker.analysis.template import analyze_definition
from tasker.definitions.definition import Definition, StepDefinition
from tasker.definitions.version import latest, sort_versions
from tasker.engine import Engine
from tasker.errors import UnknownDefinitionError
from tasker.handlers.binding import BoundDefinition
from tasker.server.graphql.context import ContextInfo
from tasker.server.shapes.handlers import StepTemplate
from tasker.stores.records import AnnotationTypeRecord
from tasker.task_view import StepView


@strawberry.type
class DependentSystem:
    """A system that steps work with."""

    name: str


@strawberry.type
class NamedStep:
    """A step of a definition. ``template`` is all that is set for it, secrets hidden."""

    named_step_id: strawberry.ID
    name: str
    description: str
    depends_on: list[str]
    dependent_system: DependentSystem | None

    @classmethod
    def of_view(cls, step: StepView | StepDefinition) -> NamedStep:
        """Return a step as it is shown."""
        system = step.dependent_system
        return cls(
            named_step_id=strawberry.ID(step.name),
            name=step.name,
            description=step.description,
            depends_on=list(step.depends_on),
            dependent_system=None if system is None else DependentSystem(name=system),
        )


@strawberry.type
class NamedTask:
    """A version of a definition; ``namedTaskId`` is ``namespace.name@version``."""

    bound: strawberry.Private[BoundDefinition]
    named_task_id: strawberry.ID
    name: str
    namespace: str
    version: str
    description: str
    priority: int

    @classmethod
    def of(cls, bound: BoundDefinition) -> NamedTask:
        """Return a definition as it is shown."""
        definition = bound.definition
        return cls(
            bound=bound,
            named_task_id=strawberry.ID(definition.full_name),
            name=definition.name,
            namespace=definition.namespace,
            version=definition.version,
            description=definition.description,
            priority=definition.priority,
        )

    @classmethod
    def find(
        cls, engine: Engine, namespace: str, name: str, version: str | None
    ) -> NamedTask | None:
        """Return a definition that is registered, the latest version unless one is named."""
        try:
            return cls.of(engine.registry.get(name, namespace, version))
        except UnknownDefinitionError:
            return None

    @property
    def definition(self) -> Definition:
        """What it shows."""
        return self.bound.definition

    @strawberry.field
    def versions(self, info: ContextInfo) -> list[str]:
        """All versions of that name, from the lowest to the highest."""
        return list(sort_versions(self._versions(info)))

    @strawberry.field
    def latest_version(self, info: ContextInfo) -> str | None:
        """The highest version that is no pre-release."""
        return latest(self._versions(info))

    @strawberry.field
    def named_steps(self) -> list[NamedStep]:
        """Its steps."""
        return [NamedStep.of_view(step) for step in self.definition.steps]

    @strawberry.field
    def step_templates(self) -> JSON:
        """Its steps with all that is set for them, secrets hidden."""
        masker = self.bound.masker
        return JSON([to_builtins(StepTemplate.of(each, masker)) for each in self.definition.steps])

    @strawberry.field
    def schema(self) -> JSON | None:
        """The JSON Schema of contexts, null for anything."""
        found = self.definition.schema
        return None if found is None else JSON(found)

    @strawberry.field
    async def dependency_graph(self) -> JSON:
        """The analysis of its graph."""
        # A large graph takes up to a second.
        found = await anyio.to_thread.run_sync(analyze_definition, self.definition)
        return JSON(to_builtins(found))

    def _versions(self, info: ContextInfo) -> list[str]:
        return [
            each.definition.version
            for each in info.context.engine.registry.list(self.namespace)
            if each.definition.name == self.name
        ]


@strawberry.type
class Namespace:
    """A namespace; every name in it counts once for all its versions."""

    name: str
    description: str
    handler_count: int
    handlers: list[str]


@strawberry.type
class AnnotationType:
    """A type of notes; it is made when the first is written."""

    annotation_type_id: strawberry.ID
    name: str
    description: str

    @classmethod
    def of(cls, name: str, record: AnnotationTypeRecord | None) -> AnnotationType:
        """Return a type as it is shown."""
        description = "" if record is None else record.description
        return cls(annotation_type_id=strawberry.ID(name), name=name, description=description)
