"""``tasker validate``: whether what an engine tells arrives where it should."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import click
import msgspec

from tasker.cli.exits import Exit
from tasker.cli.printing import clean, print_json
from tasker.cli.settings import Settings, pass_settings
from tasker.validation.checks import Report

JAEGER_VARIABLE = "JAEGER_URL"
JAEGER_URL = "http://localhost:16686"
OTLP_VARIABLES = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
OTLP_URL = "http://localhost:4318/v1/traces"

PROMETHEUS_VARIABLE = "PROMETHEUS_URL"
PROMETHEUS_URL = "http://localhost:9090"
LISTEN_VARIABLE = "TASKER_VALIDATE_LISTEN"
LISTEN = "127.0.0.1:9464"
LAST_PORT = 65_535

STDOUT = "-"


class Listen(click.ParamType[tuple[str, int]]):
    """An address to listen at: ``HOST:PORT``, or a port alone."""

    name = "HOST:PORT"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, int]:
        """Return host and port."""
        host, _, port = str(value).rpartition(":")
        if not port.isdecimal() or not 1 <= int(port) <= LAST_PORT:
            self.fail(f"{value!r} is not HOST:PORT, as in {LISTEN}", param, ctx)
        return host.strip("[]") or LISTEN.partition(":")[0], int(port)


def report_options(command: Any, *, wait_seconds: float = 30.0) -> Any:
    """Add the options that every validator has."""
    for option in (
        click.option("--traceback", is_flag=True, help="Show where an error was raised."),
        click.option(
            "--json",
            "json_to",
            is_flag=False,
            flag_value=STDOUT,
            metavar="FILE",
            help="Write the report as JSON to FILE; with no FILE print nothing but that.",
        ),
        click.option("--verbose", "-v", is_flag=True, help="Show what each check has found."),
        click.option(
            "--timeout",
            "wait_seconds",
            type=click.FloatRange(min=0, min_open=True),
            default=wait_seconds,
            show_default=True,
            metavar="SECONDS",
            help="How long to wait for what was told to be found.",
        ),
    ):
        command = option(command)
    return command


@click.group("validate", short_help="Check that traces and metrics arrive.")
def validate_command() -> None:
    """Run small workflows for real, and see whether what is told of them arrives.

    They run in this process, in memory, and touch no store. Exit code 0 when every
    check has passed, else 1.

    \b
    Examples:
      tasker validate jaeger --url http://jaeger:16686 --otlp http://jaeger:4318/v1/traces
      tasker validate prometheus --url http://prometheus:9090 --listen 0.0.0.0:9464
    """


@validate_command.command("jaeger", short_help="Traces, in Jaeger.")
@click.option(
    "--url",
    metavar="URL",
    help=f"Jaeger's query service.  [env var: {JAEGER_VARIABLE}; default: {JAEGER_URL}]",
)
@click.option(
    "--otlp",
    "otlp_url",
    metavar="URL",
    help="Where it takes traces by OTLP over HTTP.  "
    f"[env vars: {', '.join(OTLP_VARIABLES)}; default: {OTLP_URL}]",
)
@click.option(
    "--service",
    default="tasker-validation",
    show_default=True,
    metavar="NAME",
    help="The name under which the spans are exported.",
)
@report_options
@pass_settings
def jaeger_command(
    settings: Settings,
    /,
    *,
    url: str | None,
    otlp_url: str | None,
    service: str,
    wait_seconds: float,
    json_to: str | None,
    verbose: bool,
    traceback: bool,
) -> int:
    """Export the spans of three workflows by OTLP, and look for them in Jaeger.

    Needs the extra `otel`. The spans stay in Jaeger, under the service's name.

    \b
    Examples:
      tasker validate jaeger --verbose
      tasker validate jaeger --url http://jaeger:16686 --json report.json
    """
    settings.traceback = settings.traceback or traceback
    settings.json = settings.json or json_to == STDOUT
    from tasker.validation.jaeger import validate_jaeger

    async def validate() -> Report:
        return await validate_jaeger(
            url or os.environ.get(JAEGER_VARIABLE) or JAEGER_URL,
            otlp_url or otlp_url_of(os.environ),
            service=service,
            wait_seconds=wait_seconds,
        )

    return tell(anyio.run(validate), settings, json_to=json_to, verbose=verbose)


@validate_command.command("prometheus", short_help="Metrics, in Prometheus.")
@click.option(
    "--url",
    metavar="URL",
    help=f"Prometheus.  [env var: {PROMETHEUS_VARIABLE}; default: {PROMETHEUS_URL}]",
)
@click.option(
    "--listen",
    type=Listen(),
    envvar=LISTEN_VARIABLE,
    default=LISTEN,
    help="Where the metrics are served meanwhile, for Prometheus to scrape.  "
    f"[env var: {LISTEN_VARIABLE}; default: {LISTEN}]",
)
@partial(report_options, wait_seconds=90.0)
@pass_settings
def prometheus_command(
    settings: Settings,
    /,
    *,
    url: str | None,
    listen: tuple[str, int],
    wait_seconds: float,
    json_to: str | None,
    verbose: bool,
    traceback: bool,
) -> int:
    """Run workflows, and see whether Prometheus counts what the store has.

    Prometheus must have a job that scrapes the address of --listen, where the metrics
    are served while this runs. What it scraped stays there, in the namespace `validation`.

    \b
    Examples:
      tasker validate prometheus --verbose
      tasker validate prometheus --url http://prometheus:9090 --listen 0.0.0.0:9464
    """
    settings.traceback = settings.traceback or traceback
    settings.json = settings.json or json_to == STDOUT
    from tasker.validation.prometheus import validate_prometheus

    async def validate() -> Report:
        return await validate_prometheus(
            url or os.environ.get(PROMETHEUS_VARIABLE) or PROMETHEUS_URL,
            host=listen[0],
            port=listen[1],
            wait_seconds=wait_seconds,
        )

    return tell(anyio.run(validate), settings, json_to=json_to, verbose=verbose)


def otlp_url_of(environ: Any) -> str:
    """Return where the environment wants traces to go, as the OpenTelemetry SDK has it."""
    whole, base = (environ.get(name) for name in OTLP_VARIABLES)
    if whole:
        return str(whole)
    return f"{str(base).rstrip('/')}/v1/traces" if base else OTLP_URL


def tell(report: Report, settings: Settings, *, json_to: str | None, verbose: bool) -> int:
    """Print a report and return the exit code: for every validator."""
    if json_to not in (None, STDOUT):
        written = msgspec.json.format(msgspec.json.encode(report))
        Path(str(json_to)).write_bytes(written + b"\n")
    if settings.json:
        print_json(report)
    else:
        for line in report.lines(verbose=verbose):
            print(clean(line), flush=True)
    return Exit.OK if report.passed else Exit.ERROR
