"""Values of variables are in no error, no repr and no stored definition."""

import os
import pickle
import traceback

import msgspec
import pytest

from tasker.definitions import Definition, define, load_definition, load_definitions
from tasker.definitions.config import resolve_config
from tasker.errors import DefinitionError
from tests.definitions.loading import load, problems_of

SECRET = "hunter2"
ENVIRON = {"SECRET": SECRET, "LIMIT": "3"}

TEXT = """
name: secret
handler_config: {key: "top-${SECRET}"}
step_templates:
  - name: call
    handler_class: tests.definitions.shop:Ship
    handler_config:
      type: api
      url: https://example.com
      headers: {Authorization: "Bearer ${SECRET}"}
      timeout: ${SECONDS:-5}
      max_concurrent_requests: ${LIMIT}
  - name: other
    handler_class: tests.definitions.shop:Ship
    handler_config: {nested: [{password: "${SECRET}"}], literal: "$${SECRET}"}
"""


def test_a_definition_keeps_placeholders_and_the_configs_hold_their_values(tmp_path):
    loaded = load(tmp_path, TEXT, environ=ENVIRON)
    call, other = loaded.definition.steps
    assert call.handler_config["headers"] == {"Authorization": "Bearer ${SECRET}"}
    assert other.handler_config["literal"] == "$${SECRET}"
    assert loaded.definition.handler_config == {"key": "top-${SECRET}"}

    assert loaded.task_config == {"key": f"top-{SECRET}"}
    assert loaded.configs["call"]["headers"] == {"Authorization": f"Bearer {SECRET}"}
    assert loaded.configs["call"]["timeout"] == 5
    assert loaded.configs["call"]["max_concurrent_requests"] == 3
    assert loaded.configs["other"] == {"nested": [{"password": SECRET}], "literal": "${SECRET}"}
    assert call.max_concurrent_requests == 3


def test_nothing_that_is_shown_or_stored_holds_a_secret(tmp_path):
    loaded = load(tmp_path, TEXT, environ=ENVIRON)
    assert SECRET not in repr(loaded)
    assert SECRET not in str(loaded)
    assert SECRET.encode() not in msgspec.json.encode(loaded.definition)
    with pytest.raises(TypeError):
        msgspec.json.encode(loaded)
    with pytest.raises(TypeError):
        pickle.dumps(loaded)


def test_the_hash_does_not_depend_on_the_values_of_variables(tmp_path):
    one = load(tmp_path, TEXT, environ=ENVIRON)
    two = load(tmp_path, TEXT, environ={"SECRET": "other", "LIMIT": "9", "SECONDS": "1"})
    assert one.definition.hash == two.definition.hash


WRONG = """
name: "${SECRET}\\t"
namespace_name: "${SECRET} "
version: ${SECRET}
module_namespace: tests.definitions.shop
task_handler_class: ${SECRET}
configuration: {priority: "${SECRET}", max_execution_time: "${SECRET}"}
custom_events: [{name: "${SECRET}"}]
annotation_types: ["${SECRET}", "${SECRET}"]
named_steps: [a]
schema: {type: "${SECRET}", properties: {a: {$ref: "${SECRET}"}, b: {pattern: "[${SECRET}"}}}
handler_config: "${SECRET}"
step_templates:
  - name: ${SECRET}
    handler_class: no_such.${SECRET}:Name
    depends_on_step: ${SECRET}
    depends_on_steps: ["x${SECRET}"]
    default_retry_limit: "${SECRET}"
    skippable: ${SECRET}
    executor: ${SECRET}
    custom_events: [{name: "task.${SECRET}"}]
    handler_config: {type: api, url: "${SECRET}", method: "${SECRET}", timeout: "${SECRET}"}
  - name: ${SECRET}
    handler_class: ${SECRET}
    handler_config: {max_concurrent_requests: "${SECRET}", rate_limit_per_second: "-${LIMIT}"}
  - name: p${SECRET}
    handler_class: Ship
    depends_on_step: q${SECRET}
  - name: q${SECRET}
    handler_class: tests.definitions.shop:audit
    depends_on_step: p${SECRET}
"""


def test_errors_quote_the_text_as_written(tmp_path):
    problems = problems_of(tmp_path, WRONG, environ=ENVIRON)
    assert len(problems) > 20
    for problem in problems:
        assert SECRET not in str(problem)
    text = str(DefinitionError(problems=problems))
    assert "'${SECRET}' is no semantic version" in text
    assert "p${SECRET} -> q${SECRET} -> p${SECRET}" in text
    assert "rate_limit_per_second is -${LIMIT}" in text


@pytest.mark.parametrize(
    "text",
    [
        "module_namespace: ${SECRET}\nname: a\nstep_templates: []",
        "name: a\nstep_templates: [{name: '${SECRET}', handler_class: "
        "tests.definitions.shop:audit}]",
        "name: a\nmodule_namespace: tests.definitions.${SHOP}\n"
        "step_templates: [{name: a, handler_class: Absent}]",
    ],
)
def test_reasons_that_others_give_hold_no_secret(tmp_path, text):
    (problem,) = problems_of(tmp_path, text, environ=ENVIRON | {"SHOP": "shop"})
    assert SECRET not in str(problem)
    assert "shop has no" not in str(problem)


def test_the_traceback_of_a_refused_file_holds_no_secret(tmp_path):
    (tmp_path / "a.yaml").write_text(WRONG.strip())
    with pytest.raises(DefinitionError) as caught:
        load_definitions([tmp_path], environ=ENVIRON)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_definition_in_python_keeps_its_placeholders_too():
    builder = define("secret")

    @builder.step(handler_config={"token": "${SECRET}"})
    def call(task): ...

    loaded = builder.load(ENVIRON)
    assert loaded.configs["call"] == {"token": SECRET}
    assert loaded.definition.steps[0].handler_config == {"token": "${SECRET}"}
    with pytest.raises(DefinitionError, match="SECRET is not set"):
        builder.build({})


def test_a_stored_definition_is_resolved_again(tmp_path):
    loaded = load(tmp_path, TEXT, environ=ENVIRON)
    stored = msgspec.json.decode(msgspec.json.encode(loaded.definition), type=Definition)
    again = load_definition(stored, "store", ENVIRON)
    assert again.configs == loaded.configs
    assert again.task_config == loaded.task_config
    with pytest.raises(DefinitionError) as caught:
        load_definition(stored, "store", {})
    assert {"SECRET", "LIMIT"} <= {p.message.split()[3] for p in caught.value.problems}


def test_one_configuration_is_resolved_alone():
    assert resolve_config({"a": ["${SECRET}"]}, ENVIRON) == {"a": [SECRET]}
    with pytest.raises(LookupError, match="SECRET is not set"):
        resolve_config({"a": ["${SECRET}"]}, {})


def test_the_environment_of_the_process_is_the_default(tmp_path, monkeypatch):
    monkeypatch.setenv("TASKER_TEST_SECRET", SECRET)
    assert os.environ["TASKER_TEST_SECRET"] == SECRET
    (tmp_path / "a.yaml").write_text(TEXT.replace("SECRET", "TASKER_TEST_SECRET").strip())
    monkeypatch.setenv("LIMIT", "1")
    [loaded] = load_definitions([tmp_path])
    assert loaded.task_config == {"key": f"top-{SECRET}"}
