"""What the server refuses, beside what the engine does.

TaskerError
└── ServerError
    ├── ServerConfigError           the settings cannot be; all problems at once
    ├── AuthenticationError         nobody is known by these credentials
    ├── KeysUnavailableError        what tokens are checked with cannot be got just now
    ├── AuthorizationError          whoever asks may not do that
    ├── OverloadedError             too much is under way; ask again later
    ├── PreconditionError           a header of the request cannot be, or does not hold
    ├── SlowClientError             the body did not come in time
    ├── MediaTypeError              the body is not JSON
    ├── CrossSiteError              a page of another site had a browser send it
    ├── EventsElsewhereError        events are told where the store is worked
    ├── ReusedKeyError              an idempotency key was given with another request
    ├── MalformedQueryError         the text of a GraphQL operation cannot be read
    ├── InvalidQueryError           a GraphQL operation does not fit the schema
    ├── QueryLimitError             a GraphQL request asks for too much
    ├── IntrospectionError          the GraphQL schema is asked for, and is not told
    └── NotFoundError               there is nothing of that name
"""

from __future__ import annotations

from collections.abc import Sequence

from tasker.errors import TaskerError


class ServerError(TaskerError):
    """Root of what the server refuses."""


class ServerConfigError(ServerError):
    """The settings cannot be. ``problems`` has every reason, each with where it stands."""

    def __init__(self, *, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        head = "1 problem" if count == 1 else f"{count} problems"
        super().__init__(
            "\n".join([f"{head} in the server's settings:", *(f"  {each}" for each in problems)])
        )


class AuthenticationError(ServerError):
    """Nobody is known by what the request gives. ``scheme`` is how to say who one is."""

    def __init__(self, *, reason: str, scheme: str = "Bearer") -> None:
        self.reason = reason
        self.scheme = scheme
        super().__init__(reason)


class KeysUnavailableError(ServerError):
    """The keys that tokens are checked with cannot be got from their issuer just now."""

    def __init__(self) -> None:
        super().__init__("the keys that tokens are checked with cannot be got from their issuer")


class AuthorizationError(ServerError):
    """Whoever asks may not do that; ``permission`` is what they lack."""

    def __init__(self, *, permission: str) -> None:
        self.permission = permission
        resource, _, action = permission.partition(":")
        super().__init__(f"not authorized to {action or 'act'} on {resource or 'this'}")


class OverloadedError(ServerError):
    """Nothing more is taken just now; ``retry_after`` says in how many seconds to ask again."""

    def __init__(self, *, reason: str, retry_after: int) -> None:
        self.reason = reason
        self.retry_after = retry_after
        super().__init__(f"{reason}; try again in {retry_after} s")


class PreconditionError(ServerError):
    """A header of the request cannot be understood."""

    def __init__(self, *, header: str, reason: str) -> None:
        self.header = header
        self.reason = reason
        super().__init__(f"the header {header} {reason}")


class SlowClientError(ServerError):
    """The body of a request was not whole in time."""

    def __init__(self, *, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"the body was not whole after {seconds:g} s")


class MediaTypeError(ServerError):
    """The body is said to be something else than JSON."""

    def __init__(self, *, media_type: str) -> None:
        self.media_type = media_type
        super().__init__(
            f"the body is {media_type or 'of no type'}; send JSON, with "
            "Content-Type: application/json"
        )


class CrossSiteError(ServerError):
    """A browser was made to send a request by a page of another site."""

    def __init__(self, *, site: str) -> None:
        self.site = site
        super().__init__(f"a page elsewhere ({site}) may not change anything here")


class EventsElsewhereError(ServerError):
    """The events of all tasks are told by the engine that works the store, which is another."""

    def __init__(self) -> None:
        super().__init__(
            "the engine behind this server leaves the work to another process, which tells the "
            "events; ask a server there, or follow one task"
        )


class ReusedKeyError(ServerError):
    """An idempotency key belongs to a request for something else; ``task_id`` is its task."""

    def __init__(self, *, task_id: str) -> None:
        self.task_id = task_id
        super().__init__(
            f"the idempotency key belongs to task {task_id}, which was asked for with another "
            "version or context; take a new key"
        )


class MalformedQueryError(ServerError):
    """The text of a GraphQL operation, or its variables, cannot be read."""


class InvalidQueryError(ServerError):
    """A GraphQL operation does not fit the schema."""


class QueryLimitError(ServerError):
    """A GraphQL request asks for more than ``most`` of what ``limit`` names."""

    def __init__(self, *, limit: str, found: int | None, most: int) -> None:
        self.limit = limit
        self.found = found
        self.most = most
        told = "more" if found is None else f"{found:,}"
        super().__init__(f"{limit}: {told}; a request may have {most:,}. Ask for less at once")


class IntrospectionError(ServerError):
    """The GraphQL schema is asked for, and this server does not tell it."""

    def __init__(self) -> None:
        super().__init__("this server does not tell its schema; see graphql.introspection")


class NotFoundError(ServerError):
    """There is nothing of that name. ``kind`` is what was looked for."""

    def __init__(self, *, kind: str, name: str) -> None:
        self.kind = kind
        self.name = name
        super().__init__(f"there is no {kind} {name!r}")
