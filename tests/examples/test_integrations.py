"""``python -m examples.integrations``: what each service gets, in the form that it asks for."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from examples.integrations.pagerduty import PagerDuty
from examples.integrations.receivers import Receivers
from examples.integrations.sentry import Sentry
from examples.integrations.slack import Slack
from examples.integrations.statsd import StatsD
from tasker import Event
from tasker.errors import PermanentError, RetryableError, SubscriptionGoneError
from tasker.events import decode_event, event_info
from tests.examples.commands import run_example
from tests.handlers.http_server import Response, http_server

PRINTED = """\
sentry: step.failed order.charge {'values': [{'type': 'tasker.errors.PermanentError', 'value': \
'the card is <stolen>'}]}
sentry: task.failed order {'values': [{'type': 'tasker.errors.PermanentError', 'value': \
'the card is <stolen>'}]}
pagerduty: trigger order failed: the card is <stolen>
slack: *order* order.placed: {'total': 12}
slack: *order* task.failed: the card is &lt;stolen&gt;
statsd: tasker.step.completed:1|c|#namespace:shop,task:order,step:charge,version:0.1.0,attempt:1
statsd: tasker.step.completed:1|c|#namespace:shop,task:order,step:place,version:0.1.0,attempt:1
statsd: tasker.step.failed:1|c|#namespace:shop,task:order,step:charge,version:0.1.0,attempt:1
statsd: tasker.task.completed:1|c|#namespace:shop,task:order,version:0.1.0
statsd: tasker.task.failed:1|c|#namespace:shop,task:order,version:0.1.0
"""


def test_every_service_gets_its_own(tmp_path):
    assert run_example("integrations", directory=tmp_path).stdout == PRINTED


def example(name: str, **facts: Any) -> Event:
    info = event_info(name)
    assert info is not None
    return decode_event(msgspec.json.encode({**info.example, **facts}))


def test_an_attempt_that_is_followed_by_another_is_no_issue():
    sentry = Sentry(config={"dsn": "https://public@sentry.example.com/42"})
    assert not sentry.should_process_event(example("step.failed", retry_at=1.0))
    assert sentry.should_process_event(example("step.failed", retry_at=None))


def test_an_envelope_has_the_lines_that_sentry_reads():
    sentry = Sentry(config={"dsn": "https://public@sentry.example.com/42"})
    event = example("step.failed")
    header, item, issue = sentry.envelope(event).split(b"\n")
    assert re.fullmatch(r"[0-9a-f]{32}", msgspec.json.decode(header)["event_id"])
    assert msgspec.json.decode(item)["length"] == len(issue)
    # One that comes again is the same to Sentry.
    assert sentry.envelope(event) == sentry.envelope(event)


async def taken(subscriber_of, *events):
    async with http_server(Response(status=202)) as server:
        subscriber = subscriber_of(server.url)
        for event in events:
            await subscriber.method_for(event.name)(event)
        await subscriber.aclose()
    return [(each.target, each.headers, each.body) for each in server.requests]


async def test_sentry_is_asked_where_its_dsn_says():
    def made(url):
        return Sentry(config={"dsn": url.replace("http://", "http://public@") + "/below/42"})

    [(target, headers, _)] = await taken(made, example("task.failed"))
    assert target == "/below/api/42/envelope/"
    assert headers["content-type"] == "application/x-sentry-envelope"
    assert "sentry_key=public" in headers["x-sentry-auth"]


async def test_an_incident_ends_when_somebody_sees_to_it():
    def made(url):
        return PagerDuty(config={"routing_key": "R", "url": url})

    requests = await taken(made, example("task.failed"), example("task.retry_requested"))
    first, second = (msgspec.json.decode(body) for _, _, body in requests)
    assert (first["event_action"], second["event_action"]) == ("trigger", "resolve")
    assert first["dedup_key"] == second["dedup_key"]
    assert {"summary", "source", "severity"} <= first["payload"].keys()


@pytest.mark.parametrize(
    ("answer", "raised", "facts"),
    [
        (Response(status=429, headers={"retry-after": "7"}), RetryableError, {"retry_after": 7.0}),
        (Response(status=500), RetryableError, {"retry_after": None}),
        (Response(reset=True), RetryableError, {}),
        (Response(status=400), PermanentError, {}),
        (Response(status=410), SubscriptionGoneError, {}),
    ],
)
async def test_what_an_answer_means(
    answer: Response, raised: type[Exception], facts: Mapping[str, Any]
):
    async with http_server(answer) as server:
        slack = Slack(config={"url": f"{server.url}/secret"}, events=["task.failed"])
        with pytest.raises(raised) as caught:
            await slack.handle_event(example("task.failed"))
        await slack.aclose()
    assert {key: getattr(caught.value, key) for key in facts} == facts
    assert "secret" not in str(caught.value)


def test_times_are_milliseconds():
    [_, duration] = StatsD().lines(example("step.completed", duration_seconds=0.25))
    assert duration.startswith("tasker.step.completed.duration:250.0|ms|#namespace:")


def test_receivers_close_when_nothing_came():
    with Receivers().listening():
        pass
