"""Definitions of tasks, from YAML and from Python."""

from tasker.definitions.definition import (
    AnnotationType,
    CustomEvent,
    Definition,
    StepDefinition,
)
from tasker.definitions.graph import Graph, build_graph, dependencies_of
from tasker.definitions.loaded import LoadedDefinition, load_definition
from tasker.definitions.python import DefinitionBuilder, define
from tasker.definitions.schema import ContextSchema
from tasker.definitions.yaml import load_definitions

__all__ = [
    "AnnotationType",
    "ContextSchema",
    "CustomEvent",
    "Definition",
    "DefinitionBuilder",
    "Graph",
    "LoadedDefinition",
    "StepDefinition",
    "build_graph",
    "define",
    "dependencies_of",
    "load_definition",
    "load_definitions",
]
