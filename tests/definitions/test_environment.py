"""Environments override by name; variables are resolved when a file is loaded."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasker.definitions.environment import merge_environment, substitute
from tasker.definitions.nodes import Fields, from_plain, plain
from tests.definitions.loading import STEP, load, only_problem, problems_of, step_named

BASE = """
name: env
description: base
configuration: {priority: 1, custom_metadata: {a: 1, b: {c: 2}}}
step_templates:
  - name: first
    handler_class: tests.definitions.shop:reserve
    default_retry_limit: 2
    handler_config: {host: localhost, options: {debug: true, depth: [1, 2]}}
  - name: second
    handler_class: tests.definitions.shop:Ship
    depends_on_step: first
environments:
  production:
    description: live
    configuration: {custom_metadata: {b: {d: 3}}}
    step_templates:
      - name: second
        skippable: true
      - name: first
        handler_config: {host: db.internal, options: {depth: [9]}}
  staging:
    description: rehearsal
"""


def test_an_environment_merges_by_name_and_deeply(tmp_path):
    definition = load(tmp_path, BASE, environment="production").definition
    assert definition.description == "live"
    assert definition.priority == 1
    assert definition.custom_metadata == {"a": 1, "b": {"c": 2, "d": 3}}
    assert [step.name for step in definition.steps] == ["first", "second"]
    assert step_named(definition, "second").skippable
    first = step_named(definition, "first")
    assert first.retry_limit == 2
    assert first.handler_config == {"host": "db.internal", "options": {"debug": True, "depth": [9]}}


@pytest.mark.parametrize("environment", [None, "development"])
def test_without_its_environment_the_base_stays_as_it_is(tmp_path, environment):
    definition = load(tmp_path, BASE, environment=environment).definition
    assert definition.description == "base"
    assert not step_named(definition, "second").skippable


def test_the_environment_is_named_by_a_variable_or_by_the_caller(tmp_path):
    environ = {"TASKER_ENV": "staging"}
    assert load(tmp_path, BASE, environ=environ).definition.description == "rehearsal"
    chosen = load(tmp_path, BASE, environ=environ, environment="production")
    assert chosen.definition.description == "live"


def test_a_mistake_in_an_override_has_the_override_s_line(tmp_path):
    text = BASE.replace("skippable: true", "default_retry_limit: 0")
    problem = only_problem(tmp_path, text, environment="production")
    assert problem.line == text.strip().splitlines().index("        default_retry_limit: 0") + 1


def test_environments_that_are_not_in_use_are_checked_but_not_resolved(tmp_path):
    text = BASE + "    step_templates: [{name: first, default_retry_limit: '${UNSET}'}]\n"
    assert load(tmp_path, text).definition.description == "base"
    wrong = BASE + "    step_templates: [{name: first, default_retry_limit: many}]\n"
    assert only_problem(tmp_path, wrong).key == (
        "environments.staging.step_templates[0].default_retry_limit"
    )


def test_variables_are_resolved_and_typed_by_their_key(tmp_path):
    text = """
name: ${NAME}
description: "${GREETING:-hello} to $${you}, ${EMPTY:-nobody}${EMPTY}"
configuration: {priority: "${PRIORITY}"}
step_templates:
  - name: only
    handler_class: tests.definitions.shop:reserve
    default_retry_limit: ${LIMIT:-4}
    timeout_seconds: ${SECONDS}
    skippable: ${SKIP}
"""
    environ = {"NAME": "12", "EMPTY": "", "PRIORITY": "7", "SECONDS": "1.5", "SKIP": "True"}
    definition = load(tmp_path, text, environ=environ).definition
    assert definition.name == "12"
    assert definition.description == "hello to ${you}, nobody"
    [step] = definition.steps
    assert (definition.priority, step.retry_limit, step.timeout_seconds) == (7, 4, 1.5)
    assert step.skippable is True


def test_missing_variables_are_all_named_at_their_lines(tmp_path):
    text = """
name: ${ONE}
version: ${TWO}
step_templates:
  - name: only
    handler_class: tests.definitions.shop:reserve
    handler_config: {type: api, url: "https://${THREE}/${FOUR}"}
"""
    problems = problems_of(tmp_path, text)
    assert [(p.line, p.message) for p in problems] == [
        (1, "the environment variable ONE is not set"),
        (2, "the environment variable TWO is not set"),
        (6, "the environment variable THREE is not set"),
        (6, "the environment variable FOUR is not set"),
    ]
    assert problems[0].remedy == "set it, or give it a default: ${ONE:-default}"


@pytest.mark.parametrize("text", ["${}", "${1A}", "${A-b}", "${A B}", "${A", "a${"])
def test_a_malformed_placeholder_is_a_problem(tmp_path, text):
    problem = only_problem(tmp_path, f"{STEP}description: '{text}'\n", environ={"A": "x"})
    assert "is no placeholder" in problem.message
    assert "$${ for a literal ${" in problem.remedy


def test_substitution_is_done_once():
    assert substitute("${A}", {"A": "${B}", "B": "no"}) == ("${B}", [])


NAMES = st.sampled_from("abcd")
VALUES = st.recursive(
    st.integers() | st.booleans() | st.text("xyz", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
STEPS = st.lists(
    st.builds(
        lambda n, rest: {"name": n} | rest, NAMES, st.dictionaries(st.just("config"), VALUES)
    ),
    max_size=4,
)
DOCUMENTS = st.builds(
    lambda rest, steps: rest | {"step_templates": steps}, st.dictionaries(NAMES, VALUES), STEPS
)


def merged(base, override):
    left, right = from_plain(base, 1), from_plain(override, 2)
    assert isinstance(left, Fields)
    assert isinstance(right, Fields)
    return plain(merge_environment(left, right))


def merged_by_the_book(base, override, *, top=True):
    """The merge in its plainest form, over Python values."""
    result = copy.deepcopy(base)
    for key, value in override.items():
        old = result.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            result[key] = merged_by_the_book(old, value, top=False)
        elif top and key == "step_templates" and key in result:
            for step in value:
                result[key] = [
                    merged_by_the_book(each, step, top=False)
                    if each["name"] == step["name"]
                    else each
                    for each in result[key]
                ]
        else:
            result[key] = value
    return result


@given(DOCUMENTS, DOCUMENTS)
def test_merge_agrees_with_its_description(base, override):
    assert merged(base, override) == merged_by_the_book(base, override)


@given(DOCUMENTS, DOCUMENTS)
def test_merging_the_same_override_again_changes_nothing(base, override):
    once = merged(base, override)
    assert merged(once, override) == once


@given(DOCUMENTS, DOCUMENTS)
def test_an_override_neither_adds_nor_removes_nor_moves_steps(base, override):
    names = [step["name"] for step in base["step_templates"]]
    assert [step["name"] for step in merged(base, override)["step_templates"]] == names


@given(DOCUMENTS)
def test_an_empty_override_changes_nothing(base):
    assert merged(base, {}) == base
