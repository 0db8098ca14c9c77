"""Mistakes are refused at load, all at once, each with its line and remedy."""

import pytest

from tests.definitions.loading import STEP, only_problem, problems_of

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
        assert str(problem).startswith(f"{tmp_path / 'definition.yaml'}:{line}: {key}: ")


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
        (STEP + "namespace_name: 'a '", "namespace_name", "blanks", "letters"),
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
            "package.module",
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
        ("step_templates: []", "name", "name is missing", "add name"),
        ("step_templates: []\nname: ''", "name", "name is empty", "add name"),
        ("name: a", "step_templates", "missing", "add step_templates"),
        ("name: a\nstep_templates:", "step_templates", "empty", "add step_templates"),
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
            "depends_on_steps",
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
