"""The fields of an operation, through aliases, fragments and nesting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SchemaMetaFieldDef,
    SelectionSetNode,
    TypeMetaFieldDef,
    TypeNameMetaFieldDef,
    get_argument_values,
    get_named_type,
    get_variable_values,
)

Composite = GraphQLObjectType | GraphQLInterfaceType
META = {
    "__schema": SchemaMetaFieldDef,
    "__type": TypeMetaFieldDef,
    "__typename": TypeNameMetaFieldDef,
}


class Operation:
    """One operation of a valid document, with the values of its variables.

    Raises:
        GraphQLError: There is no such operation, or a variable has no such value.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        name: str | None,
        variables: Mapping[str, Any],
    ) -> None:
        self.document = document
        self.node = _chosen(document, name)
        self.fragments = {
            each.name.value: each
            for each in document.definitions
            if isinstance(each, FragmentDefinitionNode)
        }
        self._schema = schema
        values = get_variable_values(
            schema, self.node.variable_definitions or (), dict(variables), max_errors=5
        )
        if isinstance(values, list):
            raise values[0]
        self._values = values

    @property
    def kind(self) -> str:
        """``query``, ``mutation`` or ``subscription``."""
        return self.node.operation.value

    @property
    def root(self) -> GraphQLObjectType:
        """The type that its first fields are of."""
        found = self._schema.get_root_type(self.node.operation)
        assert found is not None
        return found

    def arguments(self, field: GraphQLField, node: FieldNode) -> dict[str, Any]:
        """Return the arguments of a field, variables filled in, defaults too."""
        return get_argument_values(field, node, self._values)

    def parts(
        self, parent: Composite, selected: SelectionSetNode | None
    ) -> Iterator[tuple[Composite, FieldNode | FragmentSpreadNode | SelectionSetNode]]:
        """Yield what is selected of a type: fields, spreads of fragments, and parts in place."""
        for each in () if selected is None else selected.selections:
            if isinstance(each, InlineFragmentNode):
                yield self._narrowed(parent, each), each.selection_set
            elif isinstance(each, FieldNode | FragmentSpreadNode):
                yield parent, each

    def fragment(self, spread: FragmentSpreadNode) -> tuple[Composite, SelectionSetNode]:
        """Return the type and the selection of a fragment."""
        found = self.fragments[spread.name.value]
        return self._type(found.type_condition.name.value), found.selection_set

    def field(self, parent: Composite, node: FieldNode) -> GraphQLField:
        """Return the definition of a field."""
        name = node.name.value
        return META[name] if name in META else parent.fields[name]

    def inner(self, field: GraphQLField) -> Composite | None:
        """Return the type of what a field gives, None where it has no fields of its own."""
        found = get_named_type(field.type)
        return found if isinstance(found, GraphQLObjectType | GraphQLInterfaceType) else None

    def _narrowed(self, parent: Composite, node: InlineFragmentNode) -> Composite:
        condition = node.type_condition
        return parent if condition is None else self._type(condition.name.value)

    def _type(self, name: str) -> Composite:
        found = self._schema.get_type(name)
        assert isinstance(found, GraphQLObjectType | GraphQLInterfaceType)
        return found


def _chosen(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    found = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    if name is None and len(found) == 1:
        return found[0]
    named = [each for each in found if each.name is not None and each.name.value == name]
    if name is None or not named:
        told = ", ".join(each.name.value for each in found if each.name is not None)
        raise GraphQLError(
            f"operationName is {name!r}; the document has {told or 'none with a name'}"
        )
    return named[0]
