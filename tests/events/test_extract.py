"""Facts out of events."""

import msgspec
import pytest

from tasker.events import BaseSubscriber, catalog, decode_event
from tasker.events.event import custom_type
from tasker.events.extract import error_type


def event_of(name, **changes):
    return decode_event(msgspec.json.encode({**catalog()[name].example, **changes}))


FAILED = event_of("step.failed", retry_at=None)
PLACED = custom_type("order.placed")(
    event_id="1", at=1.0, task_id="t", correlation_id=None, namespace="shop",
    task_name="checkout", version="1.0.0", step="place", attempt=2,
    payload={"amount": "12.5", "none": None, "flag": True},
)  # fmt: skip


def test_safe_get():
    get = BaseSubscriber.safe_get
    assert get(FAILED, "step") == "charge"
    assert get(FAILED, "retry_at", 5) is None
    assert get(FAILED, "order", "none") == "none"
    assert get(FAILED, "name") == "step.failed"
    assert (get(PLACED, "amount"), get(PLACED, "none", 1)) == ("12.5", None)
    assert get(PLACED, "no", 1) == 1
    assert (get(None, "step", 3), get({"step": "x"}, "step")) == (3, "x")


def test_attributes():
    own = BaseSubscriber()
    assert own.extract_step_attributes(PLACED) == {
        "task_id": "t", "namespace": "shop", "task_name": "checkout", "version": "1.0.0",
        "at": 1.0, "step": "place", "attempt": 2,
    }  # fmt: skip
    assert "step" not in own.extract_core_attributes(PLACED)
    assert own.extract_core_attributes(None) == {}
    assert own.extract_metric_tags(PLACED) == [
        *["task:checkout", "step:place", "version:1.0.0", "attempt:2"]
    ]
    assert own.build_metric_name("tasker.step.", "failed") == "tasker.step.failed"


def test_metrics():
    own = BaseSubscriber()
    assert own.extract_timing_metrics(FAILED)["duration_seconds"] == 0.25
    assert own.extract_timing_metrics(None) == {
        "duration_seconds": 0.0, "queued_seconds": 0.0, "total_steps": 0.0, "completed_steps": 0.0,
    }  # fmt: skip
    assert own.extract_performance_metrics(event_of("observability.step.backoff")) == {
        "queued_seconds": 0.0, "duration_seconds": 0.0, "backoff_seconds": 0.25,
    }  # fmt: skip
    assert own.extract_numeric_metric(PLACED, "amount") == 12.5
    assert own.extract_numeric_metric(PLACED, "flag", 7.0) == 7.0
    assert own.extract_numeric_metric(PLACED, "step", 7.0) == 7.0


def test_error_metrics():
    own = BaseSubscriber()
    assert own.extract_error_metrics(FAILED) == {
        "error_class": "httpx.ConnectError", "error_message": "the bank is away",
        "error_type": "network", "attempt": 1, "is_retryable": True, "final_failure": True,
    }  # fmt: skip
    waits = event_of("step.failed", retry_at=5.0, permanent=True)
    found = own.extract_error_metrics(waits)
    assert (found["final_failure"], found["is_retryable"]) == (False, False)
    assert own.extract_error_metrics(None)["error_class"] == "UnknownError"


@pytest.mark.parametrize(
    ("error_class", "word"),
    [
        ("StepTimedOut", "timeout"),
        ("httpx.ConnectTimeout", "timeout"),
        ("httpx.ConnectError", "network"),
        ("ConnectionResetError", "network"),
        ("shop.NotFoundError", "not_found"),
        ("shop.Forbidden", "auth"),
        ("TooManyRequests", "rate_limit"),
        ("shop.BadRequest", "client_error"),
        ("InternalError", "server_error"),
        ("RuntimeError", "runtime"),
        ("ValueError", "other"),
        ("", "unknown"),
        (None, "unknown"),
    ],
)
def test_error_types(error_class, word):
    assert error_type(error_class) == word
