"""A stand-in for Jaeger: takes traces by OTLP, and answers its documented query JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from tests.validation.web_server import AnsweringHandler, serving

Json = dict[str, Any]
Change = Callable[[Json], "Json | None"]
"""What a storage does to a span: changes it, or drops it by None."""


class JaegerServer:
    """Spans as they were exported, and the URLs to export to and to ask at.

    Args:
        change: What becomes of each span before it is stored.
        otlp_status: What exports are answered with.
        query: Answers queries instead, when it returns something: status and body.
    """

    def __init__(
        self,
        change: Change | None = None,
        *,
        otlp_status: int = 200,
        query: Callable[[str], tuple[int, bytes] | None] | None = None,
    ) -> None:
        self.port = 0
        self.spans: list[Json] = []
        self.tenants: set[str | None] = set()
        self._change = change or (lambda span: span)
        self._otlp_status = otlp_status
        self._query = query or (lambda path: None)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def otlp_url(self) -> str:
        return f"{self.url}/v1/traces"

    def take(self, body: bytes) -> tuple[int, bytes]:
        if self._otlp_status != 200:
            return self._otlp_status, b"no"
        for resource_spans in ExportTraceServiceRequest.FromString(body).resource_spans:
            process = _tags(resource_spans.resource.attributes)
            for scope_spans in resource_spans.scope_spans:
                for span in scope_spans.spans:
                    stored = self._change(_as_jaeger(span, process))
                    if stored is not None:
                        self.spans.append(stored)
        return 200, ExportTraceServiceResponse().SerializeToString()

    def answer(self, target: str) -> tuple[int, bytes]:
        parts = urlsplit(target)
        given = self._query(parts.path)
        if given is not None:
            return given
        if parts.path == "/api/services":
            return _data(sorted({span["service"] for span in self.spans}))
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/api/traces":
            return _data(self._traces(self._found(asked)))
        found = self._traces({parts.path.removeprefix("/api/traces/")})
        if not found:
            wrong = {"code": 404, "msg": "trace not found"}
            return 404, json.dumps({"data": None, "errors": [wrong]}).encode()
        return _data(found)

    def _found(self, asked: dict[str, str]) -> set[str]:
        wanted = json.loads(asked.get("tags", "{}")).items()
        return {
            span["traceID"]
            for span in self.spans
            if span["service"] == asked["service"]
            and int(asked["start"]) <= span["startTime"] <= int(asked["end"])
            and wanted <= {(tag["key"], tag["value"]) for tag in span["tags"]}
        }

    def _traces(self, ids: set[str]) -> list[Json]:
        traces = []
        for trace_id in sorted(ids):
            spans = [span for span in self.spans if span["traceID"] == trace_id]
            if spans:
                processes = {"p1": {"serviceName": spans[0]["service"], "tags": []}}
                shown = [{k: v for k, v in span.items() if k != "service"} for span in spans]
                traces.append({"traceID": trace_id, "spans": shown, "processes": processes})
        return traces


@contextmanager
def jaeger_server(change: Change | None = None, **options: Any) -> Iterator[JaegerServer]:
    """Run a stand-in on a free port, in a thread."""
    jaeger = JaegerServer(change, **options)

    class Handler(AnsweringHandler):
        def do_POST(self) -> None:
            jaeger.tenants.add(self.headers["X-Tenant"])
            self.answer(*jaeger.take(self.rfile.read(int(self.headers["Content-Length"]))))

        def do_GET(self) -> None:
            self.answer(*jaeger.answer(self.path))

    with serving(Handler) as jaeger.port:
        yield jaeger


def _as_jaeger(span: Any, process: list[Json]) -> Json:
    """Return a span as Jaeger has it: its parent and its links are references."""
    trace_id = span.trace_id.hex()
    references = []
    if span.parent_span_id:
        references.append(_reference("CHILD_OF", trace_id, span.parent_span_id.hex()))
    references += [
        _reference("FOLLOWS_FROM", link.trace_id.hex(), link.span_id.hex()) for link in span.links
    ]
    start, end = span.start_time_unix_nano // 1000, span.end_time_unix_nano // 1000
    return {
        "traceID": trace_id,
        "spanID": span.span_id.hex(),
        "operationName": span.name,
        "references": references,
        "startTime": start,
        "duration": end - start,
        "tags": _tags(span.attributes),
        "logs": [],
        "processID": "p1",
        "warnings": None,
        "service": next(tag["value"] for tag in process if tag["key"] == "service.name"),
    }


def _reference(kind: str, trace_id: str, span_id: str) -> Json:
    return {"refType": kind, "traceID": trace_id, "spanID": span_id}


def _tags(attributes: Any) -> list[Json]:
    tags = []
    for attribute in attributes:
        kind = attribute.value.WhichOneof("value")
        value = getattr(attribute.value, kind)
        known = {"string_value": "string", "int_value": "int64", "bool_value": "bool"}
        shown = value if kind in known or kind == "double_value" else str(value)
        tags.append({"key": attribute.key, "type": known.get(kind, "float64"), "value": shown})
    return tags


def _data(data: Any) -> tuple[int, bytes]:
    body = {"data": data, "total": len(data), "limit": 0, "offset": 0, "errors": None}
    return 200, json.dumps(body).encode()
