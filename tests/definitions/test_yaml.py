"""What a YAML file says is what the definition holds."""

import pytest

from tasker.definitions import load_definitions
from tasker.errors import DefinitionError
from tests.definitions.loading import STEP, load, only_problem, problems_of, step_named
from tests.definitions.shop import SHOP_YAML


def test_every_key_of_a_full_definition_is_read(tmp_path):
    loaded = load(tmp_path, SHOP_YAML)
    definition = loaded.definition

    assert definition.full_name == "shop.checkout@1.2.0"
    assert definition.description == "Sell things."
    assert (definition.priority, definition.max_execution_seconds) == (5, 60.0)
    assert definition.max_concurrent_steps == 2
    assert definition.custom_metadata == {"team": "orders"}
    assert [event.name for event in definition.custom_events] == ["orders.placed"]
    assert [kind.name for kind in definition.annotation_types] == ["receipt"]
    assert definition.schema is not None
    assert definition.schema["required"] == ["order"]
    assert loaded.source == f"{tmp_path / 'definition.yaml'}:1"

    ship = step_named(definition, "ship")
    assert ship.handler == "tests.definitions.shop:Ship"
    assert ship.depends_on == ("reserve", "charge")
    assert ship.dependent_system == "warehouse"
    assert ship.skippable
    assert [event.name for event in ship.custom_events] == ["orders.shipped"]
    charge = step_named(definition, "charge")
    assert charge.depends_on == ("reserve",)
    assert (charge.dependent_system, charge.retry_limit) == ("payments", 5)
    assert (charge.timeout_seconds, charge.max_concurrent_requests) == (3.0, 4)


def test_what_is_left_out_has_its_default(tmp_path):
    definition = load(tmp_path, STEP).definition
    assert definition.full_name == "default.one@0.1.0"
    assert (definition.schema, definition.task_handler) == (None, None)
    [step] = definition.steps
    assert (step.retryable, step.retry_limit, step.skippable) == (True, 3, False)
    assert (step.dependent_system, step.timeout_seconds, step.executor) == (None, None, "auto")


def test_null_is_the_same_as_left_out(tmp_path):
    text = STEP + "    depends_on_step: null\n    description:\nschema: ~\nenvironments:\n"
    assert load(tmp_path, text).definition.hash == load(tmp_path, STEP).definition.hash


def test_dependencies_of_both_keys_are_joined_without_repetition(tmp_path):
    text = """
name: joined
step_templates:
  - {name: a, handler_class: tests.definitions.shop:reserve}
  - {name: b, handler_class: tests.definitions.shop:reserve}
  - name: c
    handler_class: tests.definitions.shop:reserve
    depends_on_step: b
    depends_on_steps: [a, b, a]
"""
    assert step_named(load(tmp_path, text).definition, "c").depends_on == ("b", "a")


def test_a_definition_may_have_no_steps(tmp_path):
    assert load(tmp_path, "name: nothing\nstep_templates: []\n").definition.steps == ()


def test_anchors_and_merge_keys_share_settings(tmp_path):
    text = """
name: shared
step_templates:
  - &base
    name: a
    handler_class: tests.definitions.shop:reserve
    default_retry_limit: 7
  - <<: *base
    name: b
    skippable: true
"""
    a, b = load(tmp_path, text).definition.steps
    assert (a.name, a.retry_limit, a.skippable) == ("a", 7, False)
    assert (b.name, b.retry_limit, b.skippable) == ("b", 7, True)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("2024-01-31", "2024-01-31"),
        ("22:22", "22:22"),
        ("0777", "0777"),
        ("1_000", 1000),
        ("0x1F", 31),
        ("1e3", 1000.0),
        ("-0.5", -0.5),
        ("yes", True),
        ("~", None),
        ('"1"', "1"),
    ],
)
def test_scalars_mean_what_a_reader_expects(tmp_path, written, value):
    text = f"{STEP}    handler_config:\n      key: {written}\n"
    config = step_named(load(tmp_path, text).definition, "only").handler_config
    assert config == {"key": value}
    assert type(config["key"]) is type(value)


@pytest.mark.parametrize("reference", ["Ship", ":Ship", "tests.definitions.shop.Ship"])
def test_a_handler_may_be_named_in_every_form(tmp_path, reference):
    text = f"""
name: forms
module_namespace: tests.definitions.shop
step_templates:
  - name: only
    handler_class: "{reference}"
"""
    assert load(tmp_path, text).definition.steps[0].handler == "tests.definitions.shop:Ship"


def test_a_module_inside_the_namespace_is_found_before_one_at_the_top(tmp_path):
    text = """
name: inside
module_namespace: tests.definitions
step_templates:
  - {name: a, handler_class: "shop:Ship"}
  - {name: b, handler_class: "tests.definitions.shop:Ship"}
"""
    handlers = {step.handler for step in load(tmp_path, text).definition.steps}
    assert handlers == {"tests.definitions.shop:Ship"}


def test_a_handler_named_through_another_module_has_its_own_name(tmp_path):
    text = STEP.replace("tests.definitions.shop:reserve", "tests.definitions.alias:hold")
    assert load(tmp_path, text).definition.steps[0].handler == "tests.definitions.shop:reserve"


def test_a_wrapper_is_not_taken_for_what_it_wraps(tmp_path):
    text = STEP.replace("tests.definitions.shop:reserve", "tests.definitions.alias:wrapped")
    assert load(tmp_path, text).definition.steps[0].handler == "tests.definitions.alias:wrapped"


def test_without_the_check_nothing_is_imported(tmp_path):
    text = STEP.replace("tests.definitions.shop", "no_such.module")
    loaded = load(tmp_path, text, check_handlers=False)
    assert loaded.definition.steps[0].handler == "no_such.module:reserve"


def test_directories_are_searched_and_hidden_files_passed_over(tmp_path):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    (tmp_path / "a.yml").write_text(STEP.replace("name: one", "name: a"))
    (tmp_path / "deep" / "er" / "b.yaml").write_text(STEP.replace("name: one", "name: b"))
    (tmp_path / "notes.txt").write_text("no: definition")
    (tmp_path / ".draft.yaml").write_text("broken: [")
    (tmp_path / ".git" / "c.yaml").write_text("broken: [")
    names = [each.definition.name for each in load_definitions([tmp_path], environ={})]
    assert names == ["a", "b"]
    # A file that is named, and found in its directory, counts once.
    assert len(load_definitions([tmp_path, tmp_path / "a.yml"], environ={})) == 2
    # One path alone is no sequence of letters.
    assert len(load_definitions(str(tmp_path), environ={})) == 2


def test_problems_of_all_files_come_together_in_order(tmp_path):
    (tmp_path / "b.yaml").write_text(f"colour: red{STEP}extra: 1\n")
    (tmp_path / "a.yaml").write_text("[]")
    with pytest.raises(DefinitionError) as caught:
        load_definitions([tmp_path, tmp_path / "absent"], environ={})
    places = [(problem.where, problem.line) for problem in caught.value.problems]
    a, b = str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml")
    assert places == [(a, 1), (str(tmp_path / "absent"), None), (b, 1), (b, 6)]
    assert "no such file" in caught.value.problems[1].message


def test_an_empty_directory_is_a_mistake(tmp_path):
    with pytest.raises(DefinitionError, match=r"no \*\.yaml or \*\.yml file"):
        load_definitions([tmp_path])


def test_one_name_with_two_meanings_names_both_files(tmp_path):
    (tmp_path / "a.yaml").write_text(STEP)
    (tmp_path / "b.yaml").write_text(STEP + "    skippable: true\n")
    with pytest.raises(DefinitionError) as caught:
        load_definitions([tmp_path], environ={})
    [problem] = caught.value.problems
    assert problem.where == str(tmp_path / "b.yaml")
    assert problem.line == 2
    assert f"{tmp_path / 'a.yaml'}:2" in problem.message


def test_the_same_definition_in_two_files_is_one(tmp_path):
    (tmp_path / "a.yaml").write_text(STEP)
    (tmp_path / "b.yaml").write_text(STEP)
    assert len(load_definitions([tmp_path], environ={})) == 1


@pytest.mark.parametrize(
    ("text", "line", "message", "remedy"),
    [
        ("", 1, "empty", "name:"),
        ("# only a comment\n", 1, "empty", "name:"),
        ("- a\n", 1, "mapping", "name:"),
        ("name: a\nstep_templates: [\n", 3, "no YAML", "syntax"),
        ("name: a\n\tversion: 1\n", 2, "tab", "spaces"),
        ("name: a\n---\nname: b\n", 2, "more than one document", "one definition"),
        ("name: &a [*a]\n", 1, "contains itself", "write the values out"),
        ("name: !python/object:os.system x\n", 1, "tag", "text"),
        ("<<: 5\nname: a\nstep_templates: []\n", 1, "<< takes a mapping", "anchor"),
        ("? [a, b]\n: c\n", 1, "key must be text", "plain"),
    ],
)
def test_a_file_that_is_no_definition_says_where_and_why(tmp_path, text, line, message, remedy):
    (problem, *_) = problems_of(tmp_path, text)
    assert problem.line == line
    assert message in problem.message
    assert remedy in problem.remedy


def test_a_file_that_is_no_text_is_a_problem(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_bytes(b"name: \xff\xfe")
    with pytest.raises(DefinitionError, match="UTF-8"):
        load_definitions([file])


def test_aliases_cannot_stand_for_billions_of_values(tmp_path):
    levels = "\n".join(
        f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]"
        if n
        else f"l0: &l0 [{', '.join('x' * 10)}]"
        for n in range(12)
    )
    problems = problems_of(tmp_path, levels)
    assert any("100000 values" in problem.message for problem in problems)


def test_a_key_that_stands_twice_is_a_problem(tmp_path):
    problem = only_problem(tmp_path, STEP + "    skippable: true\n    skippable: false\n")
    assert (problem.line, problem.key) == (6, "step_templates[0].skippable")
    assert "first on line 5" in problem.message


@pytest.mark.parametrize(
    ("text", "message"),
    [("handler_config: {a: .nan}", "finite"), ("handler_config: {a: 99999999999999999999}", "64")],
)
def test_numbers_that_cannot_be_stored_are_problems(tmp_path, text, message):
    assert message in only_problem(tmp_path, f"{STEP}    {text}\n").message
