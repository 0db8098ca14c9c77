"""Events of what is registered with an engine: definitions, subscribers, exporters."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from tasker.events.event import Count, Event, Namespace, TaskName, Version

_Source = Annotated[
    str, Meta(description="Where it is from.", examples=["workflows/checkout.yaml:1"])
]
_Fault = Annotated[
    str,
    Meta(
        description="Everything that is wrong, a line each.",
        examples=["workflows/checkout.yaml:3: version: '1.0' is no semantic version"],
    ),
]
_Subscriber = Annotated[str, Meta(description="Its name.", examples=["ErrorTracker"])]
_Patterns = Annotated[
    tuple[str, ...],
    Meta(description="The names and patterns that it hears.", examples=[["step.failed", "task.*"]]),
]

_Plugin = Annotated[str, Meta(description="The name of an exporter.", examples=["statsd"])]
_PluginClass = Annotated[
    str, Meta(description="Its class, with its module.", examples=["shop.metrics:StatsdExporter"])
]
_Formats = Annotated[tuple[str, ...], Meta(description="What it writes.", examples=[["statsd"]])]


class HandlerRegistered(Event, frozen=True, kw_only=True, gc=False):
    """A definition with its handlers was registered."""

    namespace: Namespace
    task_name: TaskName
    version: Version
    source: _Source


class HandlerUnregistered(Event, frozen=True, kw_only=True, gc=False):
    """A definition was unregistered: no new task starts with it."""

    namespace: Namespace
    task_name: TaskName
    version: Version


class HandlerValidationFailed(Event, frozen=True, kw_only=True, gc=False):
    """Definitions were refused; nothing of them is registered."""

    error: _Fault


class SubscriberRegistered(Event, frozen=True, kw_only=True, gc=False):
    """A subscriber hears events from now on."""

    subscriber: _Subscriber
    events: _Patterns


class SubscriberUnregistered(Event, frozen=True, kw_only=True, gc=False):
    """A subscriber hears no more."""

    subscriber: _Subscriber
    delivered: Count
    failed: Count
    dropped: Count


class SubscriberValidationFailed(Event, frozen=True, kw_only=True, gc=False):
    """A subscriber was refused."""

    subscriber: _Subscriber
    error: _Fault


class PluginRegistered(Event, frozen=True, kw_only=True, gc=False):
    """An exporter of metrics was registered."""

    plugin_name: _Plugin
    plugin_class: _PluginClass
    formats: _Formats


class PluginUnregistered(Event, frozen=True, kw_only=True, gc=False):
    """An exporter of metrics was unregistered."""

    plugin_name: _Plugin
    plugin_class: _PluginClass


class PluginValidationFailed(Event, frozen=True, kw_only=True, gc=False):
    """An exporter of metrics was refused."""

    plugin_name: _Plugin
    error: _Fault
