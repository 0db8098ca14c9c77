"""How much an operation may ask for, told from its text and variables before it runs.

Depth is the number of fields within fields. Each field costs 1, times the number of objects
that it is asked of: for lists with ``limit`` or ``first`` that many, for others what
`SIZES` takes for usual. So ``{tasks(limit: 50) {taskId workflowSteps {name}}}`` costs
1 + 50 * (2 + 10 * 1) = 601.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLList,
    SelectionSetNode,
    Visitor,
    get_nullable_type,
    visit,
)

from tasker.server.errors import QueryLimitError
from tasker.server.graphql.config import GraphQLConfig
from tasker.server.graphql.walk import Composite, Operation

# The two of a page count as one, since the page has as many as ``first`` says.
SIZES = {"parents": 3, "children": 3, "taskAnnotations": 5, "edges": 1, "nodes": 1}
USUAL_SIZE = 10
"""How many objects a list is taken to have that can be of any length."""
INTROSPECTION_COST = 2_000
"""What asking for the schema costs, whatever of it; how deep that goes is bounded elsewhere."""


class Size(NamedTuple):
    """How deep a selection is, and what it costs for one object."""

    depth: int
    cost: int


def check_text(document: DocumentNode, limits: GraphQLConfig) -> None:
    """Raise `QueryLimitError` for a document with too many aliases, fields repeated included."""
    found = _Names()
    visit(document, found)
    if found.aliases > limits.max_aliases:
        raise QueryLimitError(limit="aliases", found=found.aliases, most=limits.max_aliases)


def cost_of(operation: Operation, limits: GraphQLConfig) -> int:
    """Return what an operation costs.

    Raises:
        QueryLimitError: It is too deep, or costs too much.
    """
    size = _Sizes(operation).of(operation.root, operation.node.selection_set)
    if size.depth > limits.max_depth:
        raise QueryLimitError(limit="depth", found=size.depth, most=limits.max_depth)
    check_cost(size.cost, limits)
    return size.cost


def check_cost(cost: int, limits: GraphQLConfig) -> None:
    """Raise `QueryLimitError` for what costs too much."""
    if cost > limits.max_cost:
        raise QueryLimitError(limit="cost", found=cost, most=limits.max_cost)


class _Names(Visitor):
    """Counts fields under another name, and those that one selection names again."""

    def __init__(self) -> None:
        super().__init__()
        self.aliases = 0

    def enter_selection_set(self, node: SelectionSetNode, *_: Any) -> None:
        fields = [each for each in node.selections if isinstance(each, FieldNode)]
        plain = Counter(each.name.value for each in fields if each.alias is None)
        self.aliases += len(fields) - len(plain)


class _Sizes:
    """Measures selections; a fragment once, however often it is used."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self._known: dict[str, Size] = {}

    def of(self, parent: Composite, selected: SelectionSetNode) -> Size:
        depth = cost = 0
        for kind, part in self._operation.parts(parent, selected):
            if isinstance(part, FieldNode):
                size = self._of_field(kind, part)
            elif isinstance(part, FragmentSpreadNode):
                size = self._of_fragment(part)
            else:
                size = self.of(kind, part)
            depth, cost = max(depth, size.depth), cost + size.cost
        return Size(depth, cost)

    def _of_fragment(self, spread: FragmentSpreadNode) -> Size:
        name = spread.name.value
        if name not in self._known:
            self._known[name] = self.of(*self._operation.fragment(spread))
        return self._known[name]

    def _of_field(self, parent: Composite, node: FieldNode) -> Size:
        if node.name.value.startswith("__"):
            return Size(1, 1 if node.name.value == "__typename" else INTROSPECTION_COST)
        field = self._operation.field(parent, node)
        inner = self._operation.inner(field)
        if inner is None or node.selection_set is None:
            return Size(1, 1)
        within = self.of(inner, node.selection_set)
        return Size(1 + within.depth, 1 + self._length(field, node) * within.cost)

    def _length(self, field: GraphQLField, node: FieldNode) -> int:
        arguments = self._operation.arguments(field, node)
        asked_for = arguments.get("limit", arguments.get("first"))
        if isinstance(asked_for, int):
            # What is out of bounds is refused by the field itself.
            return max(1, asked_for)
        if isinstance(get_nullable_type(field.type), GraphQLList):
            return SIZES.get(node.name.value, USUAL_SIZE)
        return 1
