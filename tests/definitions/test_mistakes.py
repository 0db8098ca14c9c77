"""Mistakes are refused at load, all at once, each with its line and remedy."""

import pytest

from tasker.definitions import Definition, StepDefinition, load_definition, load_definitions
from tasker.errors import DefinitionError
from tests.definitions.loading import STEP, load, only_problem, problems_of

TEN_MISTAKES = """\
name: orders
version: 1.0
descripton: Sell things.
step_templates:
  - name: reserve
    handler_class: tests.definitions.shop:reserve
    depends_on_step: ship
  - name: charge
    handler_class: tests.definitions.shop:chrage
    depends_on_step: resreve
  - name: ship
    handler_class: tests.definitions.shop:NoProcess
    depends_on_step: reserve
  - name: refund
    handler_class: tests.definitions.shop:Ship
    depends_on_steps: [refund]
    default_retry_limit: 0
  - name: charge
    handler_class: tests.definitions.shop:Ship
schema:
  type: object
  properties:
    order: {type: nteger}
environments:
  production:
    step_templates:
      - name: chargee
        default_retry_limit: 9
"""

# line, key, part of the message, part of the remedy
EXPECTED = [
    (2, "version", "1.0 is no text", 'quote it, with three numbers: "1.0.0"'),
    (3, "descripton", "unknown key 'descripton'", "did you mean 'description'?"),
    (7, "step_templates[0].depends_on_step", "reserve -> ship -> reserve", "remove one"),
    (9, "step_templates[1].handler_class", "no 'chrage'; did you mean 'charge'?", "package.module"),
    (10, "step_templates[1].depends_on_step", "unknown step 'resreve'", "mean 'reserve'?"),
    (12, "step_templates[2].handler_class", "has no process", "has process"),
    (16, "step_templates[3].depends_on_steps[0]", "'refund' depends on itself", "remove this"),
    (17, "step_templates[3].default_retry_limit", "the limit is 0", "at least 1"),
    (18, "step_templates[4].name", "two steps 'charge'", "rename or remove one"),
    (23, "schema.properties.order.type", "no type", "mend the JSON Schema"),
    (
        27,
        "environments.production.step_templates[0].name",
        "unknown step 'chargee'",
        "did you mean 'charge'?",
    ),
]


def test_every_planted_mistake_is_named_with_line_and_remedy(tmp_path):
    problems = problems_of(tmp_path, TEN_MISTAKES)
    assert len(problems) == len(EXPECTED)
    for problem, (line, key, message, remedy) in zip(problems, EXPECTED, strict=True):
        assert (problem.line, problem.key) == (line, key)
        assert message in problem.message
        assert remedy in problem.remedy
        shown = key.replace("]", f"] ({problem.step})", 1) if "step_templates[" in key else key
        assert str(problem).startswith(f"{tmp_path / 'definition.yaml'}:{line}: {shown}: ")
    assert [problem.step for problem in problems if problem.step] == [
        *["reserve", "charge", "charge", "ship", "refund", "refund", "charge", "chargee"],
    ]


STEP_KEYS = f"{STEP}    "


@pytest.mark.parametrize(
    ("text", "key", "message", "remedy"),
    [
        (STEP + "colour: red", "colour", "unknown key", "known keys: name, namespace_name"),
        (STEP + "concurrent: true", "concurrent", "unknown key", "always run concurrently; remove"),
        (STEP + "namespace: a", "namespace", "unknown key", "'namespace_name'"),
        (STEP + 'version: "1.0"', "version", "'1.0' is no semantic version", "1.0.0"),
        (STEP + "version: v1", "version", "'v1'", "1.0.0"),
        (STEP + "namespace_name: ''", "namespace_name", "empty", "leave it out"),
        (STEP + "namespace_name: 'a '", "namespace_name", "a blank in it", "use letters"),
        (STEP + "description: 7", "description", "7 is no text", 'quote it: "7"'),
        (STEP + "configuration: 5", "configuration", "5 is not a mapping", "give a mapping"),
        (STEP + "configuration: {prio: 5}", "configuration.prio", "unknown key", "'priority'"),
        (
            STEP + "configuration: {max_execution_time: 0}",
            "configuration.max_execution_time",
            "the limit is 0",
            "above 0",
        ),
        (
            STEP + "configuration: {priority: 1.5}",
            "configuration.priority",
            "1.5 is not a whole number",
            "whole number",
        ),
        (STEP + "named_steps: [other]", "step_templates[0].name", "not in named_steps", "add it"),
        (STEP + "custom_events: [{name: placed}]", "custom_events[0].name", "namespace", "orders."),
        (STEP + "custom_events: [{name: step.x}]", "custom_events[0].name", "engine", "another"),
        (STEP + "custom_events: [{}]", "custom_events[0].name", "missing", "add name"),
        (STEP + "custom_events: [a.b]", "custom_events[0]", "no mapping", "list of mappings"),
        (STEP + "annotation_types: [a, {name: a}]", "annotation_types[1].name", "twice", "remove"),
        (STEP + "module_namespace: no_such", "module_namespace", "no_such", "imported"),
        (STEP + "task_handler_class: a", "task_handler_class", "reference", "package.module"),
        (
            STEP + "task_handler_class: tests.definitions.shop:reserve",
            "task_handler_class",
            "no class",
            "subclass of tasker.TaskHandler",
        ),
        (
            STEP + "task_handler_class: tests.definitions.shop:Ship",
            "task_handler_class",
            "no task handler",
            "subclass of tasker.TaskHandler",
        ),
        (
            STEP + "schema: {properties: {a: {type: integer, default: many}}}",
            "schema.properties.a.default",
            "does not fit its own schema: the value is not of type",
            "mend",
        ),
        (STEP + "environments: {a: 5}", "environments.a", "mapping", "give a mapping"),
        (STEP + "environments: 5", "environments", "5 is not a mapping", "give a mapping"),
        (
            STEP + "environments: {a: {descripton: x}}",
            "environments.a.descripton",
            "unknown key",
            "'description'",
        ),
        (
            STEP + "environments: {a: {step_templates: [{skippable: true}]}}",
            "environments.a.step_templates[0].name",
            "needs its name",
            "add name",
        ),
        (
            STEP + "schema: {properties: {a: {$ref: '#/$defs/b'}}}",
            "schema.properties.a.$ref",
            "leads to nothing",
            "mend",
        ),
        (
            STEP + "schema: {$ref: 'https://example.com/a.json'}",
            "schema.$ref",
            "not fetched",
            "mend",
        ),
        (STEP + "schema: {$schema: 'draft-99'}", "schema.$schema", "no known draft", "mend"),
        (STEP + "schema: {properties: {a: {pattern: '['}}}", "schema.properties.a.pattern", "", ""),
        ("step_templates: []", "name", "this key is missing", "add name"),
        ("step_templates: []\nname: ''", "name", "this key is empty", "add name"),
        ("name: a", "step_templates", "missing", "add a list of mappings"),
        ("name: a\nstep_templates:", "step_templates", "empty", "add a list of mappings"),
        ("name: a\nstep_templates: {a: 1}", "step_templates", "not a mapping", "give a list"),
        ("name: a\nstep_templates: [a]", "step_templates[0]", "no mapping", "list of mappings"),
        (
            STEP_KEYS + "executor: thread",
            "step_templates[0].executor",
            "'thread'",
            "auto or process",
        ),
        (STEP_KEYS + "timeout_seconds: -1", "step_templates[0].timeout_seconds", "-1", "above 0"),
        (
            STEP_KEYS + "default_retryable: maybe",
            "step_templates[0].default_retryable",
            "'maybe' is not true or false",
            "true or false",
        ),
        (
            STEP_KEYS + "default_retry_limit: -2",
            "step_templates[0].default_retry_limit",
            "the limit is -2",
            "at least 1",
        ),
        (
            STEP_KEYS + "depends_on_steps: other",
            "step_templates[0].depends_on_steps",
            "'other' is not a list",
            "give a list",
        ),
        (
            STEP_KEYS + "retries: 3",
            "step_templates[0].retries",
            "unknown key",
            "did you mean 'default_retry_limit'?",
        ),
        (STEP_KEYS + "handler_config: [a]", "step_templates[0].handler_config", "not a list", ""),
        (
            STEP_KEYS + "handler_config: {rate_limit_per_second: 0}",
            "step_templates[0].handler_config.rate_limit_per_second",
            "is 0",
            "above 0",
        ),
        (
            STEP_KEYS + "handler_config: {max_concurrent_requests: many}",
            "step_templates[0].handler_config.max_concurrent_requests",
            "'many' is not a whole number",
            "whole number",
        ),
        (
            "name: a\nstep_templates: [{name: b, handler_class: tests.definitions.shop:audit}]",
            "step_templates[0].handler_class",
            "'charge'",
            "rename the parameter, add the step to depends_on_steps, or give the parameter a",
        ),
        (
            "name: a\nstep_templates: [{name: b, handler_class: tests.handlers.broken_module:x}]",
            "step_templates[0].handler_class",
            "importing tests.handlers.broken_module failed",
            "mend what importing it raised",
        ),
        (
            STEP + "module_namespace: tests.handlers.broken_module",
            "module_namespace",
            "importing it failed",
            "mend what importing it raised",
        ),
    ],
)
def test_each_mistake_has_one_message_with_a_remedy(tmp_path, text, key, message, remedy):
    problem = only_problem(tmp_path, text)
    assert problem.key == key
    assert message in problem.message
    assert remedy in problem.remedy
    assert problem.line == (3 if "named_steps" in text else len(text.strip().splitlines()))


@pytest.mark.parametrize(
    ("config", "key", "message", "remedy"),
    [
        ("{type: api}", "url", "missing", "add url"),
        ("{type: api, url: ''}", "url", "empty", "add url"),
        ("{type: api, url: example.com}", "url", "'example.com'", "https://"),
        ("{type: api, url: 'ftp://a'}", "url", "'ftp://a'", "https://"),
        ("{type: api, url: 'http://a:port'}", "url", "'http://a:port'", "https://"),
        ("{type: api, url: 'http://a', method: FETCH}", "method", "'FETCH'", "GET"),
        ("{type: api, url: 'http://a', timeout: 0}", "timeout", "is 0", "above 0"),
        ("{type: api, url: 'http://a', timeout: soon}", "timeout", "'soon'", "a number"),
        ("{type: api, url: 'http://a', retries: -1}", "retries", "is -1", "at least 0"),
        ("{type: api, url: 'http://a', tiemout: 1}", "tiemout", "unknown", "'timeout'"),
        ("{type: api, url: 'http://a', headers: {x: 1}}", "headers.x", "1 is no text", '"1"'),
        ("{type: api, url: 'http://a', ssl: maybe}", "ssl", "'maybe'", "true, false"),
    ],
)
def test_the_configuration_of_an_api_step_is_checked(tmp_path, config, key, message, remedy):
    problem = only_problem(tmp_path, f"{STEP}    handler_config: {config}\n")
    assert problem.key == f"step_templates[0].handler_config.{key}"
    assert problem.line == 5
    assert message in problem.message
    assert remedy in problem.remedy


def test_the_configuration_of_other_steps_is_free(tmp_path):
    config = "{type: sql, url: anything, tiemout: [1, {a: null}]}"
    text = f"{STEP}    handler_config: {config}\n"
    with pytest.raises(AssertionError, match="no problem was found"):
        problems_of(tmp_path, text)


def test_circles_apart_from_each_other_are_all_named(tmp_path):
    step = "  - {{name: {}, handler_class: tests.definitions.shop:Ship, depends_on_step: {}}}\n"
    pairs = [("a", "b"), ("b", "c"), ("c", "a"), ("x", "y"), ("y", "x")]
    text = "name: circles\nstep_templates:\n" + "".join(step.format(*pair) for pair in pairs)
    messages = [problem.message for problem in problems_of(tmp_path, text)]
    assert [message.rpartition(": ")[2] for message in messages] == [
        "a -> b -> c -> a",
        "x -> y -> x",
    ]


def test_a_long_list_of_what_is_known_is_cut(tmp_path):
    step = "  - {{name: step{}, handler_class: tests.definitions.shop:Ship}}\n"
    last = "  - {name: z, handler_class: tests.definitions.shop:Ship, depends_on_step: qqq}\n"
    text = "name: long\nstep_templates:\n" + "".join(map(step.format, range(20))) + last
    remedy = only_problem(tmp_path, text).remedy
    assert "step11 and 9 more" in remedy
    assert "step12" not in remedy


SEND = "name: a\nstep_templates:\n  - name: send\n    handler_class: {}\n"


@pytest.mark.parametrize(
    ("handler", "config", "key", "line", "message", "remedy"),
    [
        ("tasker:ApiStepHandler", "", "url", 3, "handler 'tasker:ApiStepHandler' needs", "add url"),
        ("tests.definitions.shop:Quote", "null", "url", 3, "'tests.definitions.shop:Quote'", "add"),
        ("tests.definitions.shop:Quote", "{url: null}", "url", 3, "needs this key", "add url"),
        ("tests.definitions.shop:Quote", "{url: here}", "url", 5, "'here' is no http", "https://"),
        (
            "tests.definitions.shop:Pay",
            "{methd: GET}",
            "methd",
            5,
            "unknown key 'methd'",
            "did you mean 'method'?",
        ),
        ("tests.definitions.shop:Pay", "{timeout: soon}", "timeout", 5, "'soon' is not", "number"),
        ("tests.definitions.shop:Pay", "{type: api}", "url", 5, "missing", "add url"),
    ],
)
def test_an_api_step_is_checked_by_its_handler(
    tmp_path, handler, config, key, line, message, remedy
):
    text = SEND.format(handler) + (f"    handler_config: {config}\n" if config else "")
    problem = only_problem(tmp_path, text)
    assert problem.key == f"step_templates[0].handler_config.{key}"
    assert (problem.line, problem.step) == (line, "send")
    assert message in problem.message
    assert remedy in problem.remedy


def test_an_api_step_is_told_of_with_the_others(tmp_path):
    text = SEND.format("tasker:ApiStepHandler") + "    default_retry_limit: 0\nverson: 1.0.0\n"
    problems = problems_of(tmp_path, text)
    assert [problem.line for problem in problems] == [3, 5, 6]


def test_a_handler_of_an_api_may_have_no_url_and_keys_of_its_own(tmp_path):
    load(tmp_path, SEND.format("tests.definitions.shop:Pay"))
    config = "    handler_config: {merchant: m-7, timeout: 2}\n"
    loaded = load(tmp_path, SEND.format("tests.definitions.shop:Pay") + config)
    assert loaded.configs["send"]["merchant"] == "m-7"


BAD = [
    ("a b", "has a blank in it"),
    ("a@b", "has '@' in it"),
    ("wow!", "has '!' in it"),
    ("a\\x07b", "has a character that cannot be printed in it"),
    ("x" * 129, "has 129 characters"),
]


@pytest.mark.parametrize("name", [".", ".."])
def test_a_step_is_not_named_like_a_place_in_a_path(tmp_path, name):
    text = f'name: one\nstep_templates:\n  - name: "{name}"\n    handler_class: os:getcwd\n'
    problem = only_problem(tmp_path, text, check_handlers=False)
    assert "means a place in paths" in problem.message


@pytest.mark.parametrize(("name", "message"), BAD)
@pytest.mark.parametrize("key", ["name", "namespace_name", "step_templates[0].name"])
def test_a_name_that_cannot_be_addressed_is_refused(tmp_path, key, name, message):
    names = {"name": "one", "namespace_name": "space", "step_templates[0].name": "only", key: name}
    text = (
        f'name: "{names["name"]}"\nnamespace_name: "{names["namespace_name"]}"\nstep_templates:\n'
        f'  - name: "{names["step_templates[0].name"]}"\n    handler_class: os:getcwd\n'
    )
    problem = only_problem(tmp_path, text, check_handlers=False)
    assert problem.key == key
    assert message in problem.message
    assert problem.remedy.startswith("use ")
    assert len(problem.message) < 120


@pytest.mark.parametrize("name", ["a.b", "a/b"])
def test_what_parts_an_address_may_be_in_a_step_alone(tmp_path, name):
    text = f"name: {name}\nnamespace_name: {name}\nstep_templates: []\n"
    assert [problem.line for problem in problems_of(tmp_path, text)] == [1, 2]
    loaded = load(tmp_path, STEP.replace("only", name))
    assert loaded.definition.steps[0].name == name
    assert load(tmp_path, STEP.replace("only", "größe-1_b")).definition.steps


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ("properties: {a: {$ref: '#/$defs/b', default: 7}}\n  $defs: {b: {type: string}}", "a"),
        (
            "$schema: 'http://json-schema.org/draft-07/schema#'\n"
            "  properties: {a: {enum: [x], default: y}}",
            "a",
        ),
        ("$id: 'https://example.com/s'\n  properties: {a: {type: string, default: 7}}", "a"),
        ("properties: {'a/b c': {maximum: 1, default: 2}}", "a/b c"),
        ("properties: {a: {items: {properties: {b: {minimum: 1, default: 0}}}}}", "a"),
    ],
)
def test_a_default_that_its_schema_refuses_is_told(tmp_path, schema, path):
    problem = only_problem(tmp_path, f"{STEP}schema:\n  {schema}\n")
    assert problem.key.startswith(f"schema.properties.{path}")
    assert problem.key.endswith(".default")


def test_a_default_is_judged_with_the_defaults_inside_of_it(tmp_path):
    inner = (
        "{type: object, required: [b], properties: {b: {type: integer, default: 1}}, default: {}}"
    )
    load(tmp_path, f"{STEP}schema:\n  properties: {{a: {inner}}}\n")
    load(tmp_path, f"{STEP}schema:\n  properties: {{default: {{type: integer}}}}\n")


def test_python_is_no_yaml(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "books.py").write_text("print('not run')\n")
    with pytest.raises(DefinitionError) as caught:
        load_definitions("flows/books.py")
    [problem] = caught.value.problems
    assert (problem.where, problem.line) == ("flows/books.py", None)
    assert problem.remedy.endswith("--app flows.books:object")


def test_a_definition_made_by_hand_has_names():
    definition = Definition(name="", steps=(StepDefinition(name="a b", handler="m:f"),))
    with pytest.raises(DefinitionError) as caught:
        load_definition(definition, "here", {})
    assert [(p.key, p.step) for p in caught.value.problems] == [
        ("name", None),
        ("steps[0].name", "a b"),
    ]
