"""Whether whoever asks may have every field of an operation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import FieldNode, SelectionSetNode

from tasker.server.access.caller import Caller
from tasker.server.errors import IntrospectionError
from tasker.server.graphql.permissions import PERMISSIONS, WITH_PARENT, permission_for
from tasker.server.graphql.walk import Composite, Operation

About = Mapping[str, Any]
_Key = tuple[tuple[str, Any], ...]
_INTROSPECTION = ("__schema", "__type")
_LISTS = ("tasks", "tasksByStatus", "tasksByAnnotation", "taskConnection")
_LIST = "list"
"""The key that says that a field is a list of tasks, of which one may have a part."""


async def check_fields(operation: Operation, caller: Caller, *, introspection: bool) -> None:
    """Raise unless whoever asks may have every field, whatever its directives say.

    A field needs its permission for what the first field above it is about: the task or the
    namespace that its arguments name. Nothing leads from there to another one.

    Raises:
        AuthenticationError: Nobody is known by what the request gives.
        AuthorizationError: They lack a permission, or a field names none.
        IntrospectionError: The schema is asked for, and is not told.
    """
    needed: dict[tuple[str, _Key], About] = {}
    walk = _Walk(operation, caller, needed)
    walk.roots(operation.root, operation.node.selection_set)
    if walk.introspects and not introspection:
        raise IntrospectionError
    for (permission, _), about in needed.items():
        await caller.require(permission, **await _narrowed(caller, about))


async def own_alone(caller: Caller, namespace: str | None, initiator: str | None) -> str | None:
    """Return who asks, where of a list of tasks they may have their own alone; else None."""
    if initiator is not None:
        return None
    about = {} if namespace is None else {"namespace": namespace}
    return await caller.own_alone(PERMISSIONS["Query"]["tasks"], **about)


async def _narrowed(caller: Caller, about: About) -> About:
    """Return what a list is about, as it is given to whoever asks: see `own_alone`."""
    if _LIST not in about:
        return about
    found = {name: value for name, value in about.items() if name != _LIST}
    own = await own_alone(caller, found.get("namespace"), found.get("initiator"))
    return found if own is None else {**found, "initiator": own}


class _Walk:
    """Collects what is needed for what, each once."""

    def __init__(
        self,
        operation: Operation,
        caller: Caller,
        needed: dict[tuple[str, _Key], About],
    ) -> None:
        self._operation = operation
        self._caller = caller
        self._needed = needed
        self._seen: set[tuple[str, _Key]] = set()
        self.introspects = False

    def roots(self, parent: Composite, selected: SelectionSetNode) -> None:
        """Look at the first fields, each of which says what it is about."""
        for kind, part in self._operation.parts(parent, selected):
            if isinstance(part, FieldNode):
                self.introspects |= part.name.value in _INTROSPECTION
                self._field(kind, part, self._about(kind, part))
            elif isinstance(part, SelectionSetNode):
                self.roots(kind, part)
            elif (key := (part.name.value, ())) not in self._seen:
                self._seen.add(key)
                self.roots(*self._operation.fragment(part))

    def _fields(self, parent: Composite, selected: SelectionSetNode, about: About) -> None:
        for kind, part in self._operation.parts(parent, selected):
            if isinstance(part, FieldNode):
                self._field(kind, part, about)
            elif isinstance(part, SelectionSetNode):
                self._fields(kind, part, about)
            elif (key := (part.name.value, _key(about))) not in self._seen:
                self._seen.add(key)
                self._fields(*self._operation.fragment(part), about)

    def _field(self, parent: Composite, node: FieldNode, about: About) -> None:
        permission = permission_for(parent.name, node.name.value)
        if permission != WITH_PARENT:
            self._needed[permission, _key(about)] = about
        inner = self._operation.inner(self._operation.field(parent, node))
        if inner is not None and node.selection_set is not None:
            self._fields(inner, node.selection_set, about)

    def _about(self, parent: Composite, node: FieldNode) -> About:
        if node.name.value.startswith("__"):
            return {}
        given = self._operation.arguments(self._operation.field(parent, node), node)
        given = given.get("input") or given.get("where") or given
        if "taskId" in given:
            # A task says by itself where it belongs.
            return {"task_id": given["taskId"]}
        about: dict[str, Any] = {}
        if given.get("namespace") is not None:
            about["namespace"] = given["namespace"]
        if node.name.value in _LISTS and parent.name == "Query":
            about[_LIST] = True
            if given.get("initiator") is not None:
                about["initiator"] = given["initiator"]
        if parent.name == "Mutation":
            user = self._caller.user
            about["initiator"] = given.get("initiator") or (user and user.user_id)
        return about


def _key(about: About) -> _Key:
    return tuple(sorted(about.items()))
