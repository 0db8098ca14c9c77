"""``python -m examples.listening``: each listener hears its own."""

from tests.examples.commands import run_example

PRINTED = """\
ALERT order: the bank is away (charge)
sold: 19
2  step.completed task:order step:charge attempt:2
2  step.completed task:order step:place attempt:1
3  step.failed task:order step:charge attempt:1
1  step.failed task:order step:charge attempt:2
2  task.completed task:order
1  task.failed task:order
"""


def test_every_listener_hears_its_own(tmp_path):
    assert run_example("listening", directory=tmp_path).stdout == PRINTED
