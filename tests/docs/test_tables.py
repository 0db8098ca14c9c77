"""The tables of the documentation are those of the code."""

import inspect
import re
from collections.abc import Mapping
from itertools import product
from typing import Any

import msgspec
import pytest

from tasker import Backoff, Engine, EngineConfig, TaskRequest, define
from tasker.actors.step import GRACE_SECONDS
from tasker.actors.workflow import status as workflow_status
from tasker.analysis import AnalysisConfig, TaskAnalysis
from tasker.analysis.diagrams import DiagramEdge, DiagramStep
from tasker.cli.app import COMMANDS
from tasker.cli.commands.graph import FORMATS
from tasker.cli.exits import Exit
from tasker.client import ClientConfig
from tasker.definitions import keys
from tasker.definitions.definition import Definition, StepDefinition
from tasker.definitions.drafts import StepOptions
from tasker.definitions.keys import Kind
from tasker.handlers.connection import ApiConfig
from tasker.handlers.statuses import RULES, is_success, rule_for
from tasker.handlers.views import Step, Task
from tasker.health import HealthConfig
from tasker.health.status import EngineStatus
from tasker.server import Grant, JwtConfig, ServeConfig, TaskerApp
from tasker.server.access.roles import DEFAULT_ROLES
from tasker.server.graphql.config import GraphQLConfig
from tasker.server.guard import PERMISSION
from tasker.server.permissions import PUBLIC
from tasker.server.problems import KINDS
from tasker.stores.caches import CAPABILITIES, ttl
from tasker.stores.caches.ttl import CacheConfig
from tasker.stores.records import StepState
from tasker.telemetry import TelemetryConfig
from tasker.telemetry.metrics.catalog import INSTRUMENTS, STEP, TASK
from tests.docs.pages import PAGES, ROOT, table_under

DOCS = ROOT / "docs"
CACHES = DOCS / "caches.md"

# How the page says what a key takes, where it says it otherwise than an error does.
WORDS = {
    Kind.TEXTS: "list of text",
    Kind.ITEMS: "list of mappings",
    Kind.NAMED_ITEMS: "list of names, or of mappings",
}


def sections() -> dict[str, dict[str, tuple[str, str]]]:
    """Type and default of each key, by the heading that its table stands under."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    heading, tables = "", 0
    for line in (DOCS / "yaml.md").read_text().splitlines():
        cells = [cell.strip().replace("`", "") for cell in line.strip("|").split("|")]
        if line.startswith("#"):
            heading, tables = line.lstrip("# "), 0
        elif cells[:2] == ["key", "type"]:
            tables += 1
        elif line.startswith("| `") and tables:
            of = f"{heading} {tables}" if tables > 1 else heading
            found.setdefault(of, {})[cells[0]] = (cells[1], cells[2])
    return found


@pytest.mark.parametrize(
    ("heading", "table"),
    [
        ("The definition", keys.DEFINITION),
        ("A step", keys.STEP),
        ("handler_config", keys.LIMITS),
        ("handler_config 2", keys.API),
        ("configuration", keys.CONFIGURATION),
        ("Events and annotations", keys.NAMED),
    ],
)
def test_every_key_with_its_type(heading: str, table: Mapping[str, keys.Key]) -> None:
    shown = sections()[heading]
    assert set(shown) == set(table)
    for name, key in table.items():
        kind = WORDS.get(key.kind, key.kind.value).removeprefix("a ").removeprefix("any ")
        assert shown[name][0].removeprefix("any ") == kind, name
        if heading != "handler_config 2":
            assert (shown[name][1] == "required") == key.required, name


def test_defaults_of_keys() -> None:
    step, shown = StepDefinition(name="", handler=""), sections()["A step"]
    assert shown["default_retry_limit"][1] == str(step.retry_limit)
    assert shown["default_retryable"][1] == str(step.retryable).lower()
    assert shown["skippable"][1] == str(step.skippable).lower()
    assert shown["executor"][1] == step.executor
    definition, shown = Definition(name=""), sections()["The definition"]
    assert shown["version"][1] == definition.version
    assert shown["namespace_name"][1] == definition.namespace
    assert sections()["configuration"]["priority"][1] == str(definition.priority)
    shown = sections()["handler_config 2"]
    api = ApiConfig()
    for name in ("method", "timeout", "retries", "retry_delay"):
        assert shown[name][1] == f"{getattr(api, name)}".removesuffix(".0")
    for name in ("enable_exponential_backoff", "ssl", "follow_redirects", "send_correlation_id"):
        assert shown[name][1] == str(getattr(api, name)).lower()
    assert set(ApiConfig.__struct_fields__) == set(keys.API) - {"type", *keys.LIMITS}


def plain(default: Any) -> str:
    if default is msgspec.NODEFAULT or default is inspect.Parameter.empty:
        return "required"
    if isinstance(default, msgspec.Struct):
        return f"{type(default).__name__}()"
    return str(default)


@pytest.mark.parametrize(
    ("page", "heading", "struct"),
    [
        ("operating.md", "setting", EngineConfig),
        ("operating.md", "Backoff", Backoff),
        ("logging.md", "TelemetryConfig", TelemetryConfig),
        ("health.md", "HealthConfig", HealthConfig),
        ("python.md", "field", TaskRequest),
        ("client.md", "ClientConfig", ClientConfig),
        ("server.md", "ServeConfig", ServeConfig),
        ("authentication.md", "JwtConfig", JwtConfig),
        ("graphql.md", "GraphQLConfig", GraphQLConfig),
        ("authentication.md", "Grant", Grant),
    ],
)
def test_settings_and_their_defaults(page: str, heading: str, struct: type[msgspec.Struct]) -> None:
    shown = {row[0]: row[1] for row in table_under(DOCS / page, heading)}
    fields = {field.name: field for field in msgspec.structs.fields(struct)}
    assert list(shown) == list(fields)
    for name, field in fields.items():
        default = field.default
        if field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        if isinstance(default, tuple) and default:
            assert shown[name] == ", ".join(
                part if isinstance(part, str) else f"{part:g}" for part in default
            )
        else:
            assert shown[name].strip('"') == plain(default), name


def test_every_metric_is_in_the_tables() -> None:
    rows = list(table_under(DOCS / "metrics.md", "metric"))
    assert [(row[0], row[1]) for row in rows] == [
        (each.name, each.kind)
        for each in sorted(INSTRUMENTS, key=lambda each: (each.labels != TASK, each.labels != STEP))
    ]
    labelled = {row[0]: row[2] for row in rows if len(row) == 4}
    for each in INSTRUMENTS:
        if each.name in labelled:
            assert labelled[each.name] == ", ".join(each.labels)
        else:
            assert each.labels in (TASK, STEP)


def test_every_field_of_a_status_is_in_the_table() -> None:
    told = {name for row in table_under(DOCS / "health.md", "field") for name in row[0].split(", ")}
    assert told == {*EngineStatus.__struct_fields__, "total_tasks"}


def test_arguments_of_define() -> None:
    shown = {row[0]: row[1] for row in table_under(DOCS / "python.md", "argument")}
    parameters = inspect.signature(define).parameters
    assert list(shown) == list(parameters)
    for name, parameter in parameters.items():
        assert shown[name].strip('"') == plain(parameter.default), name


def test_options_of_a_step() -> None:
    shown = {row[0]: row[1] for row in table_under(DOCS / "python.md", "option")}
    assert set(shown) == set(StepOptions.__annotations__)
    defaults = {field.name: field.default for field in msgspec.structs.fields(StepDefinition)}
    for name in ("retryable", "retry_limit", "skippable", "timeout_seconds", "executor"):
        assert shown[name].strip('"') == str(defaults[name])


def test_statuses() -> None:
    shown: dict[str, str] = {}
    for row in table_under(DOCS / "handlers.md", "status"):
        shown |= dict.fromkeys(row[0].split(", "), row[1].split(":")[0])
    for status, rule in RULES.items():
        known = shown.get(str(status)) or shown[f"{status // 100}xx"]
        assert known == ("permanent" if rule.permanent else "retried"), status
    listed = {int(text) for text in shown if text.isdigit()}
    assert listed - {304} == {status for status in RULES if status < 500}
    assert is_success(304)
    assert is_success(299)
    verdicts = [rule_for(status).permanent for status in (301, 500, 599, 499, 600)]
    assert verdicts == [True, False, False, False, False]


def test_operations_are_methods_of_the_engine() -> None:
    for row in table_under(DOCS / "operating.md", "operation"):
        call = row[0].removeprefix("engine.")
        method = getattr(Engine, call.partition("(")[0])
        parameters = [name for name in inspect.signature(method).parameters if name != "self"]
        named = call.partition("(")[2].rstrip(")").split(", ")
        assert parameters[: len(named)] == named
        assert row[1].split()[0] in COMMANDS


def test_words_of_a_status() -> None:
    shown = {row[0]: row[2] for row in table_under(DOCS / "operating.md", "execution_status")}
    assert shown == workflow_status._ACTIONS
    found = set()
    for failed, cancelled, ready, blocked in product((0, 1), repeat=4):
        counts = dict.fromkeys(StepState, 0)
        counts |= {StepState.ERROR: failed, StepState.CANCELLED: cancelled}
        found.add(workflow_status._health(counts, ready=ready, blocked=blocked))
    assert {row[0] for row in table_under(DOCS / "operating.md", "health_status")} == found


def test_attributes_of_what_a_handler_gets() -> None:
    shown = {row[0]: row[1] for row in table_under(DOCS / "handlers.md", "")}
    for name, view in (("step", Step), ("task", Task)):
        public = {each for each in vars(view) if not each.startswith("_")}
        told = set(re.sub(r"\([^)]*\)", "", shown[name]).replace(" ", "").split(","))
        assert told <= public, name
    assert "idempotency_key" in shown["step"]


def test_the_time_to_clean_up() -> None:
    assert f"for {GRACE_SECONDS:g} seconds" in " ".join((DOCS / "handlers.md").read_text().split())


def test_weights_of_the_analysis() -> None:
    shown = {row[0]: float(row[1]) for row in table_under(DOCS / "analysis.md", "weight")}
    assert shown == {
        f"{group}.{name}": value
        for group, weights in msgspec.to_builtins(AnalysisConfig()).items()
        for name, value in weights.items()
    }


@pytest.mark.parametrize(
    ("heading", "struct"),
    [
        ("section", TaskAnalysis),
        ("of a step", DiagramStep),
        ("of an edge", DiagramEdge),
    ],
)
def test_fields_of_the_analysis(heading: str, struct: type[msgspec.Struct]) -> None:
    shown = [
        name for row in table_under(DOCS / "analysis.md", heading) for name in row[0].split(", ")
    ]
    beside = {"task_id", "generated_at"} if struct is TaskAnalysis else set()
    assert set(shown) == set(struct.__struct_encode_fields__) - beside


def test_formats_of_diagrams() -> None:
    shown = [
        name for row in table_under(DOCS / "analysis.md", "format") for name in row[0].split(", ")
    ]
    assert sorted(shown) == sorted(FORMATS)


def test_commands_and_exit_codes() -> None:
    told = " ".join(row[0] for row in table_under(DOCS / "cli.md", "command"))
    words = set(told.replace(",", "").replace("\\|", " ").split())
    assert set(COMMANDS) <= words
    codes = " ".join(row[0] for row in table_under(DOCS / "cli.md", "code"))
    assert sorted(int(code) for code in codes.replace(",", "").split()) == sorted(map(int, Exit))


def test_every_page_is_led_to_from_another() -> None:
    for page in DOCS.glob("*.md"):
        others = [each for each in PAGES if each != page]
        assert any(f"{page.name})" in each.read_text() for each in others), page.name


def test_the_routes_and_their_permissions() -> None:
    app = TaskerApp(Engine.open("memory://"))._app
    found = {}
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            path = route.path_format.replace("{task_id}", "{id}").replace("{step_name}", "{step}")
            path = path.replace("{subscription_name}", "{name}")
            for method in handler.http_methods - {"OPTIONS"}:
                permission = handler.opt[PERMISSION]
                found[f"{method} {path}"] = "" if permission == PUBLIC else permission
    found["GET /graphql"] = found["POST /graphql"]  # the WebSocket
    shown = {row[0]: row[1] for row in table_under(DOCS / "server.md", "method and path")}
    assert shown == found


def test_the_roles_of_the_server() -> None:
    shown = {row[0]: row[1] for row in table_under(DOCS / "authentication.md", "role")}
    assert shown == {name: ", ".join(patterns) for name, patterns in DEFAULT_ROLES.items()}


def test_the_codes_of_problems() -> None:
    shown = {row[0]: row[1] for row in table_under(DOCS / "server.md", "status")}
    for kind in KINDS.values():
        if kind.code != "NOT_FOUND":
            assert any(
                str(kind.status) in status and kind.code in codes for status, codes in shown.items()
            ), kind


def test_the_settings_of_cached_values_are_those_of_the_code():
    defaults = {each.name: each.default for each in msgspec.structs.fields(CacheConfig)}
    rows = {name: default for name, default, *_ in table_under(CACHES, "setting")}
    assert rows == {name: str(default) for name, default in defaults.items()}


def test_the_capabilities_of_caches_are_those_of_the_code():
    rows = [row[0] for row in table_under(CACHES, "name")]
    assert rows == list(CAPABILITIES)


def test_the_rules_for_a_time_to_live_are_those_of_the_code():
    rows = [(condition, factor) for _, condition, factor in table_under(CACHES, "measure")]
    assert rows == [
        (f"above {ttl.OFTEN_HIT:g}", f"{ttl.OFTEN_HIT_FACTOR:g}"),
        (f"below {ttl.SELDOM_HIT:g}", f"{ttl.SELDOM_HIT_FACTOR:g}"),
        (f"over {ttl.SLOW_SECONDS:g} s", f"{ttl.SLOW_FACTOR:g}"),
        (f"under {ttl.FAST_SECONDS:g} s", f"{ttl.FAST_FACTOR:g}"),
        (f"over {ttl.FREQUENT_PER_MINUTE:g}", f"{ttl.FREQUENT_FACTOR:g}"),
        (f"under {ttl.RARE_PER_MINUTE:g}", f"{ttl.RARE_FACTOR:g}"),
        ("from cache_pressure_threshold on", f"{ttl.PRESSURE_FACTOR:g}"),
    ]
