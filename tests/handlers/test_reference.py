"""References: how they are written, resolved and refused."""

from abc import ABC, abstractmethod

import pytest

from tasker import ApiStepHandler
from tasker.errors import HandlerError
from tasker.handlers.reference import HandlerTarget, normalise, reference_of, resolve, validate
from tests.handlers import handlers_in_module
from tests.handlers.handlers_in_module import Doubles, Outer, plain

HERE = "tests.handlers.handlers_in_module"


@pytest.mark.parametrize(
    ("written", "namespace", "canonical"),
    [
        ("shop.steps:Charge", None, "shop.steps:Charge"),
        (" shop.steps.Charge ", None, "shop.steps:Charge"),
        ("shop.steps.charge", None, "shop.steps:charge"),
        ("shop.steps.Outer.Inner", None, "shop.steps:Outer.Inner"),
        ("shop.steps:Outer.Inner", None, "shop.steps:Outer.Inner"),
        ("Charge", "shop.steps", "shop.steps:Charge"),
        (".cards:Charge", "shop", "shop.cards:Charge"),
        (".cards.Charge", "shop", "shop.cards:Charge"),
        ("other.steps:Charge", "shop", "other.steps:Charge"),
        ("tests.test_x:test.<locals>.step", None, "tests.test_x:test.<locals>.step"),
    ],
)
def test_a_reference_has_one_canonical_form(written, namespace, canonical):
    assert normalise(written, namespace) == canonical


@pytest.mark.parametrize("written", ["", "Charge", "shop:", ":Charge", "shop steps:X", "a..b:C"])
def test_what_is_no_reference_is_refused(written):
    with pytest.raises(HandlerError, match=r"write package\.module:Name"):
        normalise(written)


def test_resolve_finds_classes_functions_and_classes_in_classes():
    assert resolve(f"{HERE}:Doubles").target is Doubles
    assert resolve(f"{HERE}.plain").target is plain
    assert resolve(f"{HERE}.Outer.Inner") == HandlerTarget(f"{HERE}:Outer.Inner", Outer.Inner)


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("no_such_package_at_all:X", r"no module 'no_such_package_at_all'; the folder .*sys.path"),
        (
            "tests.handlers.handlers_in_modul:X",
            r"did you mean 'handlers_in_module'\?; package tests",
        ),
        ("tests.no_such.deeper:X", r"no module 'tests.no_such'"),
        (f"{HERE}:Doubled", r"has no 'Doubled'; did you mean 'Doubles'\?"),
        (f"{HERE}:Outer.Iner", r"handlers_in_module:Outer has no 'Iner'; did you mean 'Inner'"),
        (
            "tests.handlers.broken_module:X",
            r"importing tests.handlers.broken_module failed at .*broken_module.py:3: "
            r"ModuleNotFoundError: No module named 'a_module_that_is_not_there'",
        ),
    ],
)
def test_what_is_not_found_is_told_with_what_is_near(reference, said):
    with pytest.raises(HandlerError, match=said):
        resolve(reference)


def test_a_syntax_error_is_told_with_its_line(tmp_path, monkeypatch):
    (tmp_path / "wrong_syntax_here.py").write_text("x = 1\ndef f(:\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(HandlerError, match=r"wrong_syntax_here.py:2: SyntaxError"):
        resolve("wrong_syntax_here:f")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("WithoutProcess", r"has no process; define .*did you mean 'proces'"),
        ("WithFewParameters", r"process\(self, task.*cannot be called with \(task, sequence, step"),
        ("NOT_A_HANDLER", r"it is an instance of builtins.int; a handler is a class"),
        ("generator", r"generator is a generator; return"),
        ("os", r"it is a module"),
    ],
)
def test_what_cannot_be_a_handler_is_refused(name, said):
    with pytest.raises(HandlerError, match=said):
        validate(resolve(f"{HERE}:{name}"))


def test_handlers_are_valid():
    for name in ("Doubles", "plain", "on_the_loop", "Outer.Inner"):
        target = resolve(f"{HERE}:{name}")
        assert validate(target) is target


def test_an_abstract_class_is_refused_with_what_it_lacks():
    class Base(ABC):
        def process(self, task, sequence, step):
            return self.query()

        @abstractmethod
        def query(self): ...

    with pytest.raises(HandlerError, match="abstract; it must define query"):
        validate(HandlerTarget("here:Base", Base))


def test_reference_of_leads_back():
    assert resolve(reference_of(Outer.Inner)).target is Outer.Inner
    with pytest.raises(HandlerError, match="a handler is a class"):
        reference_of(handlers_in_module.NOT_A_HANDLER)


@pytest.mark.parametrize(
    ("reference", "suggested"),
    [("tokem:run", False), ("json.decodr:run", True), ("taskr:run", True)],
)
def test_modules_of_the_standard_library_are_suggested_by_their_package_alone(reference, suggested):
    with pytest.raises(HandlerError) as caught:
        resolve(reference)
    assert ("did you mean" in caught.value.reason) == suggested


def test_an_import_that_fails_has_its_remedy():
    with pytest.raises(HandlerError) as caught:
        resolve("tests.handlers.broken_module:anything")
    assert caught.value.remedy == "mend what importing it raised"


def test_a_constructor_that_needs_more_is_told_when_the_class_is_checked():
    class Needs:
        def __init__(self, session): ...

        def process(self, task, sequence, step): ...

    with pytest.raises(HandlerError, match="its constructor needs session"):
        validate(HandlerTarget("m:Needs", Needs))


def test_a_class_may_check_itself():
    class Plain(ApiStepHandler):
        def process(self, task, sequence, step): ...

    with pytest.raises(HandlerError, match="process must be async def"):
        validate(HandlerTarget("m:Plain", Plain))
