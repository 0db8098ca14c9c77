"""Reads of the store for many objects at once, so that a page costs what one object does."""

from __future__ import annotations

from strawberry.dataloader import DataLoader

from tasker.engine import Engine
from tasker.errors import UnknownTaskError
from tasker.reading import Annotation
from tasker.stores.records import AnnotationTypeRecord
from tasker.task_view import TaskView


class Loaders:
    """What one operation reads, each object once; one set for each operation.

    What is asked for while the fields of one level are worked out is read together.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.tasks: DataLoader[str, TaskView] = DataLoader(self._tasks)
        self.annotations: DataLoader[str, list[Annotation]] = DataLoader(self._annotations)
        self.annotation_types: DataLoader[str, AnnotationTypeRecord | None] = DataLoader(
            self._annotation_types
        )

    def forget(self) -> None:
        """Read anew what is asked for from now on."""
        self.tasks.clear_all()
        self.annotations.clear_all()
        self.annotation_types.clear_all()

    async def _tasks(self, task_ids: list[str]) -> list[TaskView | Exception]:
        found = await self._engine.get_many(task_ids)
        return [found.get(each) or UnknownTaskError(task_id=each) for each in task_ids]

    async def _annotations(self, task_ids: list[str]) -> list[list[Annotation]]:
        found = await self._engine.annotations_of(task_ids)
        return [found.get(each, []) for each in task_ids]

    async def _annotation_types(self, names: list[str]) -> list[AnnotationTypeRecord | None]:
        found = {each.name: each for each in await self._engine.catalog.annotation_types()}
        return [found.get(name) for name in names]
