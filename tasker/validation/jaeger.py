"""Whether traces get from an engine to a Jaeger, whole and in order.

Three workflows are run in an engine in memory, with the tracing that any engine has; their
spans go by OTLP to the collector, and are asked for at the query service.
"""

from __future__ import annotations

import statistics
import time
import uuid
from functools import partial

import anyio
import anyio.to_thread
import httpx

from tasker.engine import Engine
from tasker.telemetry import otel
from tasker.telemetry.span_ids import trace_id_of
from tasker.validation.checks import CheckFailedError, Finding, Report, Step, run_checks, until
from tasker.validation.jaeger_query import JaegerQuery, JaegerTrace
from tasker.validation.jaeger_tree import misplaced, root_of
from tasker.validation.server import shown
from tasker.validation.workflows import NAMESPACE, Executed, definitions, finding, run_patterns

SERVICE = "tasker-validation"
WAIT_SECONDS = 30.0
EXPORT_SECONDS = 15.0

_CAUSE_LATE = "the collector has not stored them yet, or dropped them"
_REMEDY_LATE = "wait longer by --timeout, and look into the log of Jaeger's collector"


async def validate_jaeger(
    url: str,
    otlp_url: str,
    *,
    service: str = SERVICE,
    wait_seconds: float = WAIT_SECONDS,
) -> Report:
    """Run workflows, export their spans, and look for them in Jaeger; return the report.

    Args:
        url: Jaeger's query service, as in ``http://localhost:16686``.
        otlp_url: Where traces are taken by OTLP over HTTP, as in
            ``http://localhost:4318/v1/traces``.
        service: The name under which the spans are exported.
        wait_seconds: How long to wait for spans to be found.

    Raises:
        MissingExtraError: The extra ``otel`` is not installed.
    """
    # It starts a thread and looks at the machine.
    exporting = await anyio.to_thread.run_sync(partial(otel.otlp_provider, service, otlp_url))
    validation = _Validation(url, otlp_url, service, wait_seconds, exporting)
    try:
        return await run_checks(
            "Jaeger",
            shown(url),
            [
                Step(name="connection", check=validation.connection),
                Step(name="endpoint", check=validation.endpoint),
                Step(name="execution", check=validation.execution, needs=("endpoint",)),
                Step(
                    name="collection",
                    check=validation.collection,
                    needs=("connection", "execution"),
                ),
                Step(name="hierarchy", check=validation.hierarchy, needs=("collection",)),
                Step(name="correlation", check=validation.correlation, needs=("collection",)),
                Step(name="performance", check=validation.performance, needs=("hierarchy",)),
            ],
            settings={
                "otlp_url": shown(otlp_url),
                "service": service,
                "wait_seconds": wait_seconds,
            },
        )
    finally:
        await validation.aclose()


class _Validation:
    """The checks, and what they hand on to each other."""

    def __init__(
        self,
        url: str,
        otlp_url: str,
        service: str,
        wait_seconds: float,
        exporting: tuple[otel.TracerProvider, otel.CountedExporter],
    ) -> None:
        self._query = JaegerQuery(url)
        self._otlp_url = otlp_url
        self._service = service
        self._wait = wait_seconds
        self._provider, self._exporter = exporting
        self._correlation_id = f"validation-{uuid.uuid4().hex}"
        self._began = time.time()
        self._executed: list[Executed] = []
        self._submitting: tuple[int, int] = (0, 0)
        self._traces: dict[str, JaegerTrace] = {}
        self._visible_seconds = 0.0

    async def connection(self) -> Finding:
        """Whether Jaeger's query service answers."""
        services = await self._query.services()
        return Finding(
            summary=f"the query service answers and knows {len(services)} services",
            details=tuple(f"service: {name}" for name in services),
            facts={"services": services},
        )

    async def endpoint(self) -> Finding:
        """Whether somebody takes traces by OTLP: an export of nothing."""
        headers = {"Content-Type": "application/x-protobuf", **otel.otlp_headers()}
        try:
            async with httpx.AsyncClient(timeout=EXPORT_SECONDS) as client:
                answer = await client.post(self._otlp_url, content=b"", headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as failure:
            raise CheckFailedError(
                f"traces cannot be exported to {shown(self._otlp_url)}",
                cause=f"{type(failure).__name__}: {failure}",
                remedy="have Jaeger take OTLP over HTTP (port 4318), or give its URL by --otlp "
                "or OTEL_EXPORTER_OTLP_ENDPOINT",
            ) from failure
        if not answer.is_success:
            raise CheckFailedError(
                f"{shown(self._otlp_url)} takes no traces",
                cause=f"it answered {answer.status_code}: {answer.text:.200}",
                remedy="give the whole URL, which ends in /v1/traces as a rule, and credentials by "
                "OTEL_EXPORTER_OTLP_HEADERS where they are needed",
            )
        return Finding(
            summary=f"{shown(self._otlp_url)} takes traces",
            details=(f"answered {answer.status_code} to an export of nothing",),
        )

    async def execution(self) -> Finding:
        """Whether the workflows complete, and their spans are taken."""
        tracer = self._provider.get_tracer("tasker.validation")
        async with Engine.open(
            "memory://", definitions=definitions(), tracer_provider=self._provider
        ) as engine:
            with tracer.start_as_current_span("validate") as span:
                context = span.get_span_context()
                self._submitting = (context.trace_id, context.span_id)
                self._executed = await run_patterns(engine, self._correlation_id)
        await anyio.to_thread.run_sync(
            partial(self._provider.force_flush, int(EXPORT_SECONDS * 1000))
        )
        exported, failed = self._exporter.exported, self._exporter.failed
        if failed or not exported:
            raise CheckFailedError(
                f"{failed} spans could not be exported to {shown(self._otlp_url)}",
                cause="the collector refused them; what it said is in the log of the exporter"
                if failed
                else "no span was made: OTEL_SDK_DISABLED is set",
                remedy="look into the log of Jaeger's collector"
                if failed
                else "take that variable away",
            )
        found = finding(self._executed)
        return Finding(
            summary=f"{found.summary}, and {exported} spans exported",
            details=found.details,
            facts={**found.facts, "exported": exported},
        )

    async def collection(self) -> Finding:
        """Whether every span of the workflows is found in Jaeger."""
        began = time.monotonic()
        expected = {each.pattern: 1 + len(each.steps) for each in self._executed}

        async def look() -> bool:
            for each in self._executed:
                if self._count(each.pattern) < expected[each.pattern]:
                    trace = await self._query.trace(trace_id_of(each.task_id))
                    if trace is not None:
                        self._traces[each.pattern] = trace
            return all(self._count(name) >= count for name, count in expected.items())

        complete = await until(look, self._wait)
        details = tuple(
            f"{name}: {self._count(name)} of {count} spans" for name, count in expected.items()
        )
        found = sum(map(self._count, expected))
        total = sum(expected.values())
        if not complete:
            raise CheckFailedError(
                f"{found} of {total} spans were found within {self._wait:g} s",
                cause=_CAUSE_LATE,
                remedy=_REMEDY_LATE,
                details=details,
            )
        self._visible_seconds = time.monotonic() - began
        return Finding(
            summary=f"all {found} spans were found",
            details=details,
            facts={"spans": found, "seconds": round(self._visible_seconds, 3)},
        )

    async def hierarchy(self) -> Finding:
        """Whether each workflow is one root with its steps below it, in their order."""
        wrong: list[str] = []
        links = 0
        for each in self._executed:
            spans = self._traces[each.pattern].spans
            wrong += [f"{each.pattern}: {text}" for text in misplaced(each, spans)]
            links += sum(span.parent is not None for span in spans)
        if wrong:
            raise CheckFailedError(
                "spans are not below each other as their workflows are",
                cause=wrong[0],
                remedy="see whether something between rewrites spans, such as a processor of an "
                "OpenTelemetry collector",
                details=wrong,
            )
        return Finding(
            summary=f"{len(self._executed)} tasks have their steps below them, {links} links",
            details=tuple(
                f"{each.pattern}: task {NAMESPACE}.{each.pattern} above {', '.join(each.steps)}"
                for each in self._executed
            ),
            facts={"links": links},
        )

    async def correlation(self) -> Finding:
        """Whether traces are found by their correlation id, and linked with what caused them."""
        for each in self._executed:
            self._check_tags(each)
        expected = {trace_id_of(each.task_id) for each in self._executed}
        tags = {"tasker.correlation_id": self._correlation_id}
        found: set[int] = set()

        async def look() -> bool:
            traces = await self._query.find(self._service, tags, self._began - 60)
            found.update(int(each.traceID, 16) for each in traces)
            return expected <= found

        if not await until(look, self._wait):
            raise CheckFailedError(
                f"{len(expected & found)} of {len(expected)} traces were found by their "
                "correlation id",
                cause="Jaeger's storage does not index the tag tasker.correlation_id, or not yet",
                remedy="see which tags the storage indexes, and wait longer by --timeout",
            )
        if self._service not in (services := await self._query.services()):
            raise CheckFailedError(
                f"the service {self._service} is not among those that Jaeger knows",
                cause=f"it knows {', '.join(services) or 'none'}",
                remedy=_REMEDY_LATE,
            )
        return Finding(
            summary=f"{len(expected)} traces are found by correlation id, each linked with the "
            "request that submitted it",
            details=(f"correlation id: {self._correlation_id}", f"service: {self._service}"),
            facts={"correlation_id": self._correlation_id},
        )

    async def performance(self) -> Finding:
        """Whether spans have true lengths, and how long Jaeger took."""
        tasks = [root_of(self._traces[each.pattern].spans) for each in self._executed]
        steps = [s for t in self._traces.values() for s in t.spans if s.parent is not None]
        short = [s.operationName for s in (*tasks, *steps) if s is not None and s.duration <= 0]
        if short:
            raise CheckFailedError(
                f"{len(short)} spans have no length",
                cause=f"among them {short[0]}",
                remedy="see whether something between rewrites spans",
                details=short,
            )
        step_ms = statistics.fmean(span.duration for span in steps) / 1000
        query_ms = statistics.median(self._query.seconds) * 1000
        facts = {
            "spans": sum(len(each.spans) for each in self._traces.values()),
            "average_step_ms": round(step_ms, 3),
            "average_task_ms": round(
                statistics.fmean(span.duration for span in tasks if span is not None) / 1000, 3
            ),
            "visible_seconds": round(self._visible_seconds, 3),
            "median_query_ms": round(query_ms, 3),
        }
        return Finding(
            summary=f"a step took {step_ms:.1f} ms on average, spans were found after "
            f"{self._visible_seconds:.1f} s, a query took {query_ms:.0f} ms",
            details=tuple(f"{name}: {value}" for name, value in facts.items()),
            facts=facts,
        )

    async def aclose(self) -> None:
        """Let go of connections and threads."""
        with anyio.CancelScope(shield=True):
            await self._query.aclose()
            await anyio.to_thread.run_sync(self._provider.shutdown)

    def _count(self, pattern: str) -> int:
        trace = self._traces.get(pattern)
        return 0 if trace is None else len({span.spanID for span in trace.spans})

    def _check_tags(self, each: Executed) -> None:
        spans = self._traces[each.pattern].spans
        for key, value in (
            ("tasker.correlation_id", self._correlation_id),
            ("tasker.task.id", each.task_id),
        ):
            wrong = [span.operationName for span in spans if span.tag(key) != value]
            if wrong:
                raise CheckFailedError(
                    f"{len(wrong)} spans of the {each.pattern} workflow lack the tag {key}",
                    cause="it was taken away or changed on the way",
                    remedy="see what processors the OpenTelemetry collector has, and what Jaeger's "
                    "storage leaves out",
                    details=wrong,
                )
        root = root_of(spans)
        if root is None or self._submitting not in root.links:
            raise CheckFailedError(
                f"the {each.pattern} workflow is not linked with the request that submitted it",
                cause="the task's span has no FOLLOWS_FROM reference to it",
                remedy="use a version of Jaeger that keeps the links of spans",
            )
