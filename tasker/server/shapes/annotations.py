"""Notes on tasks, as they are answered."""

from __future__ import annotations

from msgspec import Struct

from tasker.reading import Annotation
from tasker.stores.records import AnnotationTypeRecord


class Annotations(Struct, frozen=True, kw_only=True):
    """The notes on a task, oldest first."""

    task_id: str
    annotations: tuple[Annotation, ...]


class AnnotationTypes(Struct, frozen=True, kw_only=True):
    """The types of annotations, by name."""

    annotation_types: tuple[AnnotationTypeRecord, ...]
