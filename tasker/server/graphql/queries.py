"""What can be asked."""

from __future__ import annotations

import strawberry
from msgspec.structs import replace

from tasker.errors import InvalidRequestError, UnknownStepError
from tasker.reading import TaskQuery
from tasker.server.errors import NotFoundError
from tasker.server.graphql.catalogue import AnnotationType, NamedTask, Namespace
from tasker.server.graphql.context import ContextInfo
from tasker.server.graphql.gate import own_alone
from tasker.server.graphql.inputs import TaskWhere
from tasker.server.graphql.tasks import Task, WorkflowStep
from tasker.server.headers import check_aware
from tasker.task_view import TaskListPage, TaskView

MOST_PER_PAGE = 100
LIMIT = 20
LONGEST_CURSOR = 64


@strawberry.type
class PageInfo:
    """Where a page ends: ``endCursor`` as ``after`` leads on."""

    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class TaskEdge:
    """A task of a page, and the cursor with which one goes on after it."""

    cursor: str
    node: Task


@strawberry.type
class TaskConnection:
    """A page of tasks, newest first."""

    query: strawberry.Private[TaskQuery]
    edges: list[TaskEdge]
    nodes: list[Task]
    page_info: PageInfo

    @strawberry.field
    async def total_count(self, info: ContextInfo) -> int:
        """How many tasks match, whatever the page."""
        return sum((await info.context.engine.count_tasks(self.query)).values())


@strawberry.type
class Query:
    """What can be asked. Lists of tasks are newest first; a ``taskId`` as ``after`` leads on."""

    @strawberry.field
    async def tasks(
        self,
        info: ContextInfo,
        limit: int = LIMIT,
        after: str | None = None,
        where: TaskWhere | None = None,
    ) -> list[Task]:
        """The tasks for which every filter holds."""
        return _shown(await _page(info, await _allowed(info, _query(where)), limit, after))

    @strawberry.field
    async def tasks_by_status(
        self,
        info: ContextInfo,
        status: str,
        limit: int = LIMIT,
        after: str | None = None,
        namespace: str | None = None,
    ) -> list[Task]:
        """The tasks in a state."""
        query = await _allowed(info, TaskQuery(namespace=namespace, states=(status,)))
        return _shown(await _page(info, query, limit, after))

    @strawberry.field
    async def tasks_by_annotation(
        self,
        info: ContextInfo,
        *,
        annotation_type: str,
        annotation_key: str,
        annotation_value: str,
        limit: int = LIMIT,
        after: str | None = None,
        namespace: str | None = None,
    ) -> list[Task]:
        """The tasks with a note of that type that has that value under that key."""
        annotation = (annotation_type, annotation_key, annotation_value)
        query = await _allowed(info, TaskQuery(namespace=namespace, annotation=annotation))
        return _shown(await _page(info, query, limit, after))

    @strawberry.field
    async def task_connection(
        self,
        info: ContextInfo,
        first: int = LIMIT,
        after: str | None = None,
        where: TaskWhere | None = None,
    ) -> TaskConnection:
        """The same as ``tasks``, page by page and with how many there are."""
        query = await _allowed(info, _query(where))
        page = await _page(info, query, first, after)
        nodes = _shown(page)
        return TaskConnection(
            query=query,
            edges=[TaskEdge(cursor=node.task_id, node=node) for node in nodes],
            nodes=nodes,
            page_info=PageInfo(
                has_next_page=page.next_cursor is not None,
                end_cursor=nodes[-1].task_id if nodes else None,
            ),
        )

    @strawberry.field
    async def task(self, info: ContextInfo, task_id: strawberry.ID) -> Task | None:
        """A task."""
        return Task.of(await info.context.loaders.tasks.load(task_id))

    @strawberry.field
    async def step(
        self, info: ContextInfo, task_id: strawberry.ID, step_id: strawberry.ID
    ) -> WorkflowStep | None:
        """A step of a task, by its name."""
        return step_of(await info.context.loaders.tasks.load(task_id), step_id)

    @strawberry.field
    async def annotation_types(self, info: ContextInfo) -> list[AnnotationType]:
        """The types of notes, by name."""
        found = await info.context.engine.catalog.annotation_types()
        return [AnnotationType.of(each.name, each) for each in found]

    @strawberry.field
    async def namespaces(self, info: ContextInfo) -> list[Namespace]:
        """The namespaces, by name."""
        engine = info.context.engine
        described = {each.name: each.description for each in await engine.catalog.namespaces()}
        names: dict[str, set[str]] = {
            name: set() for name in {*described, *engine.registry.namespaces()}
        }
        for bound in engine.registry.list():
            names[bound.definition.namespace].add(bound.definition.name)
        return [
            Namespace(
                name=name,
                description=described.get(name, ""),
                handler_count=len(handlers),
                handlers=sorted(handlers),
            )
            for name, handlers in sorted(names.items())
        ]

    @strawberry.field
    def handlers(self, info: ContextInfo, namespace: str | None = None) -> list[NamedTask]:
        """What tasks can be made of, every version."""
        return [NamedTask.of(bound) for bound in info.context.engine.registry.list(namespace)]

    @strawberry.field
    def handler(
        self, info: ContextInfo, namespace: str, name: str, version: str | None = None
    ) -> NamedTask | None:
        """One of them, its latest version unless one is named."""
        found = NamedTask.find(info.context.engine, namespace, name, version)
        if found is None:
            named = f"{namespace}.{name}" + (f"@{version}" if version else "")
            raise NotFoundError(kind="handler", name=named)
        return found


def step_of(view: TaskView, name: str) -> WorkflowStep:
    """Return a step of a task; raises `UnknownStepError`."""
    try:
        return WorkflowStep.of(Task.of(view), view, view.step(name))
    except KeyError:
        known = tuple(each.name for each in view.steps)
        raise UnknownStepError(task_id=view.task_id, step=name, known=known) from None


def _query(where: TaskWhere | None) -> TaskQuery:
    if where is None:
        return TaskQuery()
    check_aware("createdFrom", where.created_from)
    check_aware("createdUntil", where.created_until)
    return TaskQuery(
        namespace=where.namespace,
        name=where.name,
        version=where.version,
        initiator=where.initiator,
        states=where.statuses or (),
        tags=where.tags or (),
        created_from=where.created_from,
        created_until=where.created_until,
    )


async def _allowed(info: ContextInfo, where: TaskQuery) -> TaskQuery:
    """Return which tasks are shown to whoever asks: to some, their own alone."""
    own = await own_alone(info.context.caller, where.namespace, where.initiator)
    return where if own is None else replace(where, initiator=own)


async def _page(info: ContextInfo, where: TaskQuery, limit: int, after: str | None) -> TaskListPage:
    if not 1 <= limit <= MOST_PER_PAGE:
        raise InvalidRequestError(f"a page of {limit} tasks; it can be of 1 to {MOST_PER_PAGE}")
    if after is not None and len(after) > LONGEST_CURSOR:
        raise InvalidRequestError(f"after has more than {LONGEST_CURSOR} characters")
    return await info.context.engine.list_tasks(where, cursor=after, limit=limit)


def _shown(page: TaskListPage) -> list[Task]:
    return [Task.of(each) for each in page.tasks]
