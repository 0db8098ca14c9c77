"""The schema, put together."""

from __future__ import annotations

from functools import cache
from inspect import cleandoc
from typing import Any

import strawberry
from graphql import GraphQLSchema, print_schema

from tasker.server.graphql.mutations import Mutation
from tasker.server.graphql.queries import Query
from tasker.server.graphql.subscriptions import Subscription

_DEFINITION = "strawberry-definition"


@cache
def schema() -> GraphQLSchema:
    """Return the schema that operations are checked against and run on."""
    # Its public methods parse a text by themselves. Here what runs is the very document
    # that was checked.
    made = strawberry.Schema(query=Query, mutation=Mutation, subscription=Subscription)._schema
    for kind in made.type_map.values():
        definition = kind.extensions.get(_DEFINITION)
        kind.description = kind.description or _said_of(getattr(definition, "origin", None))
        for field in getattr(kind, "fields", {}).values():
            resolver = getattr(field.extensions.get(_DEFINITION), "base_resolver", None)
            said = _said_of(getattr(resolver, "wrapped_func", None))
            field.description = field.description or said
    return made


def sdl() -> str:
    """Return the schema in the schema definition language."""
    return print_schema(schema())


def _said_of(what: Any) -> str | None:
    """Return the docstring of a class or function, written for those who read the schema too."""
    said = getattr(what, "__doc__", None)
    return cleandoc(said).replace("``", "`") if said else None
