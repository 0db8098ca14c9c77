"""The errors of this room: the tree, and that they survive a journey."""

import inspect
import pickle
import re

import pytest

from tasker.stores import errors
from tasker.stores.errors import AppendConflictError, TaskerError

KINDS = [
    kind
    for kind in vars(errors).values()
    if inspect.isclass(kind) and issubclass(kind, TaskerError)
]


def _sample(kind):
    if kind.__init__ is Exception.__init__:
        return kind("something went wrong")
    parameters = inspect.signature(kind).parameters.values()
    numbers = {"epoch", "current", "seq", "expected", "found", "supported", "size", "limit"}
    return kind(
        **{
            parameter.name: 7 if parameter.name in numbers else f"a {parameter.name}"
            for parameter in parameters
        }
    )


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_error_survives_pickling(kind):
    error = _sample(kind)
    error.__notes__ = ["a note"]
    revived = pickle.loads(pickle.dumps(error))
    assert type(revived) is kind
    assert str(revived) == str(error)
    assert revived.args == error.args
    assert vars(revived) == vars(error)


def test_the_drawing_is_the_tree():
    drawn: dict[str, str] = {}
    open_kinds: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"(?P<indent>[ │├└─]*)(?P<name>[A-Z]\w+Error)\b", line)
        if found:
            depth = len(found["indent"])
            open_kinds = [known for known in open_kinds if known[0] < depth]
            drawn[found["name"]] = open_kinds[-1][1] if open_kinds else "Exception"
            open_kinds.append((depth, found["name"]))
    assert drawn == {kind.__name__: kind.__bases__[0].__name__ for kind in KINDS}


@pytest.mark.parametrize(
    ("expected", "said"),
    [(None, "already recorded"), (9, "already recorded"), (5, "a gap: the next one is 5")],
)
def test_a_conflict_says_which(expected, said):
    assert said in str(AppendConflictError(task_id="t1", seq=7, expected=expected))
