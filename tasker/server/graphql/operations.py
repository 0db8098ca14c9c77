"""Operations: read, checked whole, then run as they were checked."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from inspect import isawaitable
from typing import Any

import anyio.to_thread
import msgspec
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSyntaxError,
    execute,
    parse,
    subscribe,
    validate,
)
from msgspec import Struct

from tasker.errors import TaskerError
from tasker.server.access.caller import Caller
from tasker.server.errors import InvalidQueryError, MalformedQueryError, QueryLimitError
from tasker.server.graphql.context import Context
from tasker.server.graphql.gate import check_fields
from tasker.server.graphql.limits import check_cost, check_text, cost_of
from tasker.server.graphql.request import Request
from tasker.server.graphql.schema import schema
from tasker.server.graphql.walk import Operation
from tasker.server.problems import headers_of, problem_of
from tasker.server.sidecar import Sidecar

Answer = dict[str, Any]
"""What is answered: ``data``, ``errors``, or both."""

LONG_TEXT = 1_000
"""Characters; beyond that, checking a document that means no good can take a tenth of a second."""
LONGEST_TEXT = 100_000
"""Characters, comments among them; values belong into variables."""
MOST_ERRORS = 10
"""Of what is wrong with an operation, how much is told."""
_TOO_MANY_TOKENS = "Syntax Error: Document contains more"


class Refused(Exception):
    """An operation is not run; ``errors`` say why."""

    def __init__(self, errors: Sequence[GraphQLError]) -> None:
        self.errors = tuple(errors)
        self.cause = errors[0].original_error or InvalidQueryError(errors[0].message)
        super().__init__(errors[0].message)

    @classmethod
    def because(cls, error: Exception) -> Refused:
        """Return the refusal for a reason that is no error of GraphQL's own."""
        return cls([GraphQLError(str(error), original_error=error)])

    @property
    def status(self) -> int:
        """What HTTP answers."""
        return problem_of(self.cause).status

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers that go with it."""
        return headers_of(self.cause)

    @property
    def answer(self) -> Answer:
        """What is answered."""
        return {"errors": [told(each) for each in self.errors]}


class Prepared(Struct, frozen=True, kw_only=True):
    """An operation that may be run by whoever asked, and what it costs."""

    caller: Caller
    operation: Operation
    variables: Mapping[str, Any]
    name: str | None
    cost: int


class Operations:
    """Prepares and runs the operations on what a sidecar serves."""

    def __init__(self, sidecar: Sidecar) -> None:
        self._sidecar = sidecar
        self._limits = sidecar.config.graphql
        self._schema = schema()

    async def prepare(self, caller: Caller, request: Request, *, spent: int = 0) -> Prepared:
        """Return an operation that fits the schema and the limits, and is allowed.

        ``spent`` is what others of the same request cost.

        Raises:
            Refused: It is not so; nothing of it was run.
        """
        try:
            document = await self._document(request.query)
            variables = _variables(request.variables)
            operation = Operation(self._schema, document, request.operation_name, variables)
            cost = cost_of(operation, self._limits)
            check_cost(spent + cost, self._limits)
            await check_fields(operation, caller, introspection=self._limits.introspection)
        except Refused:
            raise
        except GraphQLError as error:
            raise Refused([_as_invalid(error)]) from error
        except Exception as error:
            raise Refused.because(error) from error
        return Prepared(
            caller=caller,
            operation=operation,
            variables=variables,
            name=request.operation_name,
            cost=cost,
        )

    async def run(self, prepared: Prepared) -> Answer:
        """Run a query or a mutation, and return its answer."""
        context = Context(self._sidecar, prepared.caller)
        result = execute(self._schema, prepared.operation.document, **_given(prepared, context))
        return _answer(await result if isawaitable(result) else result, context)

    async def follow(self, prepared: Prepared) -> AsyncGenerator[Answer, None]:
        """Yield the answers of any operation: one, or those of a subscription as they come.

        Raises:
            Refused: A subscription cannot go on.
        """
        if prepared.operation.kind != "subscription":
            yield await self.run(prepared)
            return
        context = Context(self._sidecar, prepared.caller)
        found = subscribe(self._schema, prepared.operation.document, **_given(prepared, context))
        source = await found if isawaitable(found) else found
        if isinstance(source, ExecutionResult):
            yield _answer(source, context)
            return
        try:
            async for result in source:
                yield _answer(result, context)
        except Exception as error:
            raise Refused.because(error) from error
        finally:
            close = getattr(source, "aclose", None)
            if close is not None:
                await close()

    async def check_again(self, caller: Caller, prepared: Prepared) -> None:
        """Raise `Refused` unless whoever asks now may have what was prepared before."""
        introspection = self._limits.introspection
        try:
            await check_fields(prepared.operation, caller, introspection=introspection)
        except TaskerError as error:
            raise Refused.because(error) from error

    async def _document(self, text: str) -> DocumentNode:
        if len(text) > LONGEST_TEXT:
            raise QueryLimitError(limit="characters", found=len(text), most=LONGEST_TEXT)
        if len(text) <= LONG_TEXT:
            return self._read(text)
        return await anyio.to_thread.run_sync(self._read, text)

    def _read(self, text: str) -> DocumentNode:
        """Return a document that fits the schema."""
        try:
            document = parse(text, max_tokens=self._limits.max_tokens)
        except GraphQLSyntaxError as error:
            if error.message.startswith(_TOO_MANY_TOKENS):
                most = self._limits.max_tokens
                raise QueryLimitError(limit="tokens", found=None, most=most) from error
            cause = MalformedQueryError(error.message)
            raise GraphQLError(
                error.message, source=error.source, positions=error.positions, original_error=cause
            ) from error
        check_text(document, self._limits)
        hidden = not self._limits.introspection
        errors = validate(self._schema, document, max_errors=MOST_ERRORS, hide_suggestions=hidden)
        if errors:
            raise Refused([_as_invalid(each) for each in errors])
        return document


def told(error: GraphQLError) -> dict[str, Any]:
    """Return an error as it is answered: what went wrong stands under ``extensions``."""
    problem = problem_of(error.original_error or InvalidQueryError(error.message))
    found: dict[str, Any] = {"message": problem.message}
    if error.locations:
        found["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.path is not None:
        found["path"] = error.path
    found["extensions"] = {
        "type": problem.type,
        "code": problem.code,
        "status": problem.status,
        "message": problem.message,
        "details": problem.details,
    }
    return found


def _as_invalid(error: GraphQLError) -> GraphQLError:
    """Return an error as one of the operation: what a scalar says of a value is no failure."""
    if isinstance(error.original_error, TaskerError):
        return error
    return GraphQLError(error.message, error.nodes, error.source, error.positions)


def _given(prepared: Prepared, context: Context) -> dict[str, Any]:
    return {
        "context_value": context,
        "variable_values": dict(prepared.variables),
        "operation_name": prepared.name,
        "hide_suggestions": True,
    }


def _answer(result: ExecutionResult, context: Context) -> Answer:
    answer: Answer = {"data": result.data}
    refused = [
        GraphQLError(str(error), path=path, original_error=error) for path, error in context.refused
    ]
    context.refused.clear()
    errors = [*refused, *(result.errors or ())]
    if errors:
        answer["errors"] = [told(each) for each in errors]
    return answer


def _variables(given: Mapping[str, Any] | str | None) -> Mapping[str, Any]:
    if not isinstance(given, str):
        return given or {}
    try:
        found: dict[str, Any] = msgspec.json.decode(given or "{}", type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise MalformedQueryError(f"variables are no JSON object: {error}") from error
    return found
