"""A client gives what the engine gives, and raises what the engine raises."""

from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest

from tasker import AuditQuery, PermanentError, TaskQuery, TaskRequest, define
from tasker.analysis import analyze_definition, analyze_task
from tasker.client import TaskerClient
from tasker.client.handlers import definition_of
from tasker.errors import (
    BypassError,
    ContextValidationError,
    DuplicateTaskError,
    InvalidOperationError,
    InvalidRequestError,
    TaskChangedError,
    UnknownDefinitionError,
    UnknownStepError,
    UnknownTaskError,
)
from tasker.server.errors import NotFoundError
from tests.server.inside import application

ABSENT = "01a20d4e-0000-7000-8000-000000000000"
SCHEMA = {"type": "object", "properties": {"order": {"type": "integer"}}}

checkout = define("checkout", namespace="shop", version="1.2.0", schema=SCHEMA)


@checkout.step
async def validate(task):
    return {"order": task.context["order"]}


@checkout.step(retry_limit=2)
async def charge(task, validate):
    if task.context.get("declined"):
        raise PermanentError("declined", error_code="DECLINED", context={"card": "x"})
    return {"receipt": "A-17"}


@checkout.step(skippable=True)
async def ship(charge):
    return charge["receipt"]


@asynccontextmanager
async def both():
    """An engine, and a client of its server."""
    async with application(checkout) as (_, engine, app):
        transport = httpx.ASGITransport(app=app)
        async with TaskerClient("http://test", transport=transport, environ={}) as client:
            yield engine, client


def order(**fields):
    context = fields.pop("context", {"order": 7})
    return TaskRequest(name="checkout", namespace="shop", context=context, **fields)


DECLINED = order(context={"order": 7, "declined": True}, tags=["odd"])


async def test_a_task_is_the_same():
    async with both() as (engine, client):
        seen = await client.run(DECLINED)
        held = await engine.get(seen.task_id)
        assert seen == held
        assert (seen.errors, seen.results) == (held.errors, held.results)
        assert seen.workflow_state.seq == held.workflow_state.seq
        assert [seen.step(each.name) for each in held.steps] == list(held.steps)
        created = await client.create(order())
        assert created.task_id == (await engine.wait(created.task_id)).task_id
        assert await client.wait(created.task_id) == await engine.get(created.task_id)


async def test_what_is_worked_out_of_it_is_the_same():
    async with both() as (engine, client):
        task_id = (await client.run(DECLINED)).task_id
        for change in (lambda: None, lambda: engine.reset_attempts(task_id, "charge")):
            if (changing := change()) is not None:
                await changing
            seen, held = await client.get(task_id), await engine.get(task_id)
            now = held.created_at + timedelta(minutes=1)
            history = await engine.history(task_id)
            assert analyze_task(seen, history, now=now) == analyze_task(held, history, now=now)
            assert seen.workflow_state.steps == held.workflow_state.steps


async def test_lists_counts_and_figures_are_the_same():
    async with both() as (engine, client):
        outcomes = await client.submit_many([order() for _ in range(120)])
        assert all(isinstance(each, str) for each in outcomes)
        for task_id in outcomes:
            await engine.wait(task_id)
        odd = await client.run(DECLINED)
        await engine.annotate(odd.task_id, "ticket", {"number": 7})
        assert await client.list_tasks(limit=500) == await engine.list_tasks(limit=500)
        first = await client.list_tasks(limit=101)
        assert first == await engine.list_tasks(limit=101)
        rest = await client.list_tasks(limit=101, cursor=first.next_cursor)
        assert (len(rest.tasks), rest.next_cursor) == (20, None)
        since = odd.created_at
        for where in (
            TaskQuery(states=["error"]),
            TaskQuery(tags=["odd"], name="checkout", namespace="shop", version="1.2.0"),
            TaskQuery(annotation=("ticket", "number", "7")),
            TaskQuery(created_from=since),
            TaskQuery(initiator="unknown"),
            TaskQuery(initiator="nobody"),
            TaskQuery(created_until=since),
        ):
            assert await client.list_tasks(where) == await engine.list_tasks(where)
            assert await client.count_tasks(where) == await engine.count_tasks(where)
            told, held = await client.performance(where), await engine.performance(where)
            assert told.windows == held.windows
        assert (await client.statistics(TaskQuery(tags=["odd"]), top=200)).tasks == (
            await engine.statistics(TaskQuery(tags=["odd"]), top=200)
        ).tasks
        assert (await client.performance()).windows == (await engine.performance()).windows
        for number in range(130):
            await client.annotate(odd.task_id, "ticket", {"number": number})
        for query in (AuditQuery(), AuditQuery(operation="cancel"), AuditQuery(at_until=since)):
            assert await client.audit(query, limit=500) == await engine.audit(query, limit=500)
        part = await client.audit(limit=120)
        assert part == await engine.audit(limit=120)
        assert (await client.audit(cursor=part.next_cursor)).actions
        with pytest.raises(InvalidRequestError, match="limit is 0"):
            await client.audit(limit=0)
        assert await client.annotations(odd.task_id) == await engine.annotations(odd.task_id)
        history = await engine.history(odd.task_id)
        assert await client.history(odd.task_id) == history
        assert await client.history(odd.task_id, after_seq=2) == [
            each for each in history if each.seq > 2
        ]


async def test_every_operation():
    async with both() as (_, client):
        task_id = (await client.run(DECLINED)).task_id
        for operate in (
            lambda: client.annotate(task_id, "ticket", {"number": 7}),
            lambda: client.update_step(task_id, "charge", retry_limit=9, reason="why"),
            lambda: client.update_step(task_id, "charge", inputs={"card": 2}),
            lambda: client.reset_attempts(task_id, "charge", reason="why"),
            lambda: client.update_task(task_id, task_reason="other", tags=["even"]),
        ):
            assert await operate() == "error"
        assert await client.retry(task_id, "charge") == "in_progress"
        seen = await client.wait(task_id)
        step = seen.step("charge")
        assert (step.retry_limit, step.inputs, step.attempts) == (9, {"card": 2}, 1 + 1)
        assert (seen.reason, seen.tags, seen.state) == ("other", ("even",), "error")
        assert await client.cancel_step(task_id, "ship") == "error"
        assert await client.resolve_step(task_id, "charge", results={"receipt": 1}) == "error"
        assert await client.resolve_task(task_id, reason="by hand") == "resolved_manually"
        assert (await client.history(task_id))[-1].detail["reason"] == "by hand"
        paused = await client.submit(order())
        await client.wait(paused)
        with pytest.raises(InvalidOperationError):
            await client.pause(paused)
        with pytest.raises(InvalidOperationError):
            await client.cancel(paused)


async def test_an_operation_on_a_task_as_it_was_last_seen():
    async with both() as (_, client):
        seen = await client.run(DECLINED)
        await client.annotate(seen.task_id, "ticket", {})
        stale = client.expecting(seen.workflow_state.seq)
        with pytest.raises(TaskChangedError) as caught:
            await stale.resolve_task(seen.task_id)
        assert caught.value.seq == seen.workflow_state.seq + 1


@pytest.mark.parametrize(
    ("kind", "ask"),
    [
        (UnknownTaskError, lambda on, id: on.get(ABSENT)),
        (UnknownTaskError, lambda on, id: on.wait(ABSENT)),
        (UnknownTaskError, lambda on, id: on.history(ABSENT)),
        (UnknownTaskError, lambda on, id: on.annotations(ABSENT)),
        (UnknownTaskError, lambda on, id: on.cancel(ABSENT)),
        (UnknownStepError, lambda on, id: on.retry(id, "pay")),
        (InvalidOperationError, lambda on, id: on.resume(id)),
        (InvalidRequestError, lambda on, id: on.update_step(id, "charge")),
        (InvalidRequestError, lambda on, id: on.list_tasks(limit=0)),
        (InvalidRequestError, lambda on, id: on.list_tasks(TaskQuery(states=["done"]))),
        (InvalidRequestError, lambda on, id: on.submit({"name": "checkout"})),
        (UnknownDefinitionError, lambda on, id: on.submit(TaskRequest(name="nope"))),
        (ContextValidationError, lambda on, id: on.submit(order(context={"order": "x"}))),
        (BypassError, lambda on, id: on.submit(order(bypass_steps=["charge"]))),
        (DuplicateTaskError, lambda on, id: on.submit(order(idempotency_key="taken"))),
        (DuplicateTaskError, lambda on, id: on.create(order(idempotency_key="taken"))),
    ],
)
async def test_what_the_engine_refuses_is_the_same_error(kind, ask):
    async with both() as (engine, client):
        task_id = (await engine.run(DECLINED)).task_id
        taken = await engine.submit(order(idempotency_key="taken"))
        with pytest.raises(kind) as by_engine:
            await ask(engine, task_id)
        with pytest.raises(kind) as by_client:
            await ask(client, task_id)
        assert type(by_client.value) is type(by_engine.value)
        if kind is DuplicateTaskError:
            assert by_client.value.task_id == taken
            return
        assert str(by_client.value) == str(by_engine.value)
        facts = vars(by_engine.value)
        assert {name: facts[name] for name in vars(by_client.value)} == vars(by_client.value)


async def test_each_of_many_is_refused_for_itself():
    async with both() as (engine, client):
        taken = await engine.submit(order(idempotency_key="taken"))
        made, known, unknown = await client.submit_many(
            [order(), order(idempotency_key="taken"), TaskRequest(name="nope")]
        )
        assert await client.get(made) == await engine.get(made)
        assert isinstance(known, DuplicateTaskError)
        assert (known.task_id, known.identity) == (taken, "taken")
        assert isinstance(unknown, UnknownDefinitionError)
        assert await client.submit_many([]) == []


async def test_a_task_is_joined_with_what_caused_it():
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    async with both() as (_, client):
        seen = await client.create(order(correlation_id="req-7", traceparent=trace))
        assert (seen.correlation_id, seen.traceparent) == ("req-7", trace)
        with pytest.raises(InvalidRequestError, match="one correlation id"):
            await client.submit_many([order(correlation_id="a"), order(correlation_id="b")])


async def test_what_tasks_can_be_made_of():
    async with both() as (engine, client):
        [namespace] = await client.namespaces()
        assert (namespace.name, namespace.handlers) == ("shop", ("checkout",))
        [summary] = await client.handlers("shop")
        assert (summary.versions, summary.step_names) == (
            ("1.2.0",),
            ("validate", "charge", "ship"),
        )
        handler = await client.handler("shop", "checkout", "1.2.0")
        held = engine.registry.get("checkout", "shop").definition
        assert analyze_definition(definition_of(handler)) == analyze_definition(held)
        assert handler.hash == held.hash
        with pytest.raises(NotFoundError, match="bank"):
            await client.handlers("bank")
        with pytest.raises(UnknownDefinitionError, match="refund"):
            await client.handler("shop", "refund")
