"""What a client asks about the definitions that a server has."""

from __future__ import annotations

from typing import Protocol
from urllib.parse import quote

from tasker.client.received import read
from tasker.client.sending import Sender
from tasker.definitions.definition import Definition, StepDefinition
from tasker.server.shapes.handlers import (
    Handler,
    HandlerSummary,
    Namespace,
    NamespaceHandlers,
    Namespaces,
    StepTemplate,
)

_STEP_FIELDS = (
    *("name", "depends_on", "description", "dependent_system", "skippable"),
    *("timeout_seconds", "custom_events"),
)


class Handlers(Protocol):
    """The verbs that tell what tasks can be made of."""

    _sender: Sender

    async def namespaces(self) -> tuple[Namespace, ...]:
        """Return the namespaces with the names of their handlers, by name."""
        answer = await self._sender.send("GET", "/handlers")
        return read(answer.response, Namespaces).namespaces

    async def handlers(self, namespace: str) -> tuple[HandlerSummary, ...]:
        """Return the handlers of a namespace, each with its versions.

        Raises:
            NotFoundError: There is no such namespace.
        """
        answer = await self._sender.send("GET", f"/handlers/{quote(namespace, safe='')}")
        return read(answer.response, NamespaceHandlers).handlers

    async def handler(self, namespace: str, name: str, version: str | None = None) -> Handler:
        """Return a version of a handler, its latest unless one is named.

        Raises:
            NotFoundError: There is no such namespace.
            UnknownDefinitionError: There is no such handler in it.
        """
        path = f"/handlers/{quote(namespace, safe='')}/{quote(name, safe='')}"
        answer = await self._sender.send("GET", path, params={"version": version})
        return read(answer.response, Handler)


def definition_of(handler: Handler) -> Definition:
    """Return a handler as a definition: enough to draw and to analyse it, not to run it.

    Its configuration is as the server shows it, secrets hidden.
    """
    return Definition(
        name=handler.name,
        namespace=handler.namespace,
        version=handler.version,
        description=handler.description,
        steps=tuple(_step(each) for each in handler.step_templates),
        schema=handler.schema,
        priority=handler.priority,
    )


def _step(template: StepTemplate) -> StepDefinition:
    return StepDefinition(
        handler=template.handler_class,
        retryable=template.default_retryable,
        retry_limit=template.default_retry_limit,
        handler_config=template.configuration,
        **{name: getattr(template, name) for name in _STEP_FIELDS},
    )
