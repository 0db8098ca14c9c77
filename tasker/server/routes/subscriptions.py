"""Durable subscriptions, and what they could not deliver."""

from __future__ import annotations

from typing import Annotated

from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, Parameter

from tasker.server.answering import guarded
from tasker.server.shapes.requests import EventIds, Reason, reason_of
from tasker.server.shapes.subscriptions import (
    DeadLetters,
    Discarded,
    Redelivered,
    SubscriptionList,
)
from tasker.server.shell import ENCODED_SLASH
from tasker.server.sidecar import Sidecar

MOST_DEAD_LETTERS = 1_000
_ONE = "/subscriptions/{subscription_name:str}"


def named_subscription(subscription_name: FromPath[str]) -> str:
    """Return the name of the subscription in a path, with the slashes that it has."""
    return subscription_name.replace(ENCODED_SLASH, "/")


@get(
    "/subscriptions",
    operation_id="listSubscriptions",
    tags=["subscriptions"],
    summary="List the durable subscriptions",
    **guarded("tasker.subscription:index"),
)
async def list_subscriptions(sidecar: NamedDependency[Sidecar]) -> SubscriptionList:
    """Return the durable subscriptions of the store, those of other processes too, by name."""
    return SubscriptionList(subscriptions=tuple(await sidecar.engine.subscriptions.all()))


@get(
    "/dead_letters",
    operation_id="listDeadLetters",
    tags=["subscriptions"],
    summary="List what could not be delivered",
    **guarded("tasker.dead_letter:index", 404, 422),
)
async def list_dead_letters(
    *,
    sidecar: NamedDependency[Sidecar],
    subscription: FromQuery[Annotated[str | None, Parameter(max_length=255, required=False)]] = (
        None
    ),
    limit: FromQuery[Annotated[int, Parameter(ge=1, le=MOST_DEAD_LETTERS)]] = 100,
) -> DeadLetters:
    """Return the events that one subscription, or any, could not deliver, oldest first."""
    found = await sidecar.engine.subscriptions.dead_letters(subscription, limit=limit)
    return DeadLetters(dead_letters=tuple(found))


@post(
    f"{_ONE}/redeliver",
    operation_id="redeliverDeadLetters",
    tags=["subscriptions"],
    summary="Deliver dead letters again",
    status_code=200,
    **guarded("tasker.dead_letter:redeliver", 404, body=True),
)
async def redeliver(
    named_subscription: NamedDependency[str],
    sidecar: NamedDependency[Sidecar],
    data: JSONBody[EventIds | None] = None,
) -> Redelivered:
    """Deliver dead letters of a subscription again: those that are named, or all."""
    ids = None if data is None else data.event_ids
    count = await sidecar.engine.subscriptions.redeliver(named_subscription, ids)
    return Redelivered(redelivered=count)


@post(
    f"{_ONE}/discard",
    operation_id="discardDeadLetters",
    tags=["subscriptions"],
    summary="Delete dead letters",
    status_code=200,
    **guarded("tasker.dead_letter:discard", 404, body=True),
)
async def discard(
    named_subscription: NamedDependency[str],
    sidecar: NamedDependency[Sidecar],
    data: JSONBody[EventIds | None] = None,
) -> Discarded:
    """Delete dead letters of a subscription: those that are named, or all."""
    ids = None if data is None else data.event_ids
    count = await sidecar.engine.subscriptions.discard(named_subscription, ids)
    return Discarded(discarded=count)


@post(
    f"{_ONE}/suspend",
    operation_id="suspendSubscription",
    tags=["subscriptions"],
    summary="Deliver nothing for a while",
    status_code=200,
    **guarded("tasker.subscription:update", 404, body=True),
)
async def suspend(
    named_subscription: NamedDependency[str],
    sidecar: NamedDependency[Sidecar],
    data: JSONBody[Reason | None] = None,
) -> SubscriptionList:
    """Deliver nothing to a subscription until it is resumed; return it as it stands."""
    reason = reason_of(data) or "asked for"
    await sidecar.engine.subscriptions.suspend(named_subscription, reason)
    return await _one(sidecar, named_subscription)


@post(
    f"{_ONE}/resume",
    operation_id="resumeSubscription",
    tags=["subscriptions"],
    summary="Go on delivering",
    status_code=200,
    **guarded("tasker.subscription:update", 404),
)
async def resume(
    named_subscription: NamedDependency[str], sidecar: NamedDependency[Sidecar]
) -> SubscriptionList:
    """Deliver to a subscription again, from where it was; return it as it stands."""
    await sidecar.engine.subscriptions.resume(named_subscription)
    return await _one(sidecar, named_subscription)


@delete(
    _ONE,
    operation_id="removeSubscription",
    tags=["subscriptions"],
    summary="End a subscription",
    **guarded("tasker.subscription:remove", 404),
)
async def remove(
    named_subscription: NamedDependency[str], sidecar: NamedDependency[Sidecar]
) -> None:
    """End a subscription, with its dead letters. A process that declares it makes it anew."""
    await sidecar.engine.subscriptions.remove(named_subscription)


async def _one(sidecar: Sidecar, name: str) -> SubscriptionList:
    found = await sidecar.engine.subscriptions.all()
    return SubscriptionList(subscriptions=tuple(each for each in found if each.name == name))


ROUTES = (list_subscriptions, list_dead_letters, redeliver, discard, suspend, resume, remove)
