"""Every command, on a file and on a server: the same where it asks one, told where it cannot."""

import re

import pytest

from tasker.cli.app import COMMANDS
from tests.cli.command import STORE
from tests.client.scripted import URL
from tests.server.threaded import served_in_a_thread

ORDER = '{"order": 7}'
READS = {
    "list": [[], ["--count"], ["--state", "error"], ["--limit", "1"]],
    "show": [["{failed}"], ["{failed}", "--step", "charge"], ["{failed}", "--history"]],
    "watch": [["{also_failed}"]],
    "stats": [[], ["--trend"]],
    "audit": [[], ["--task", "{failed}"]],
    "graph": [["checkout.yaml"], ["{also_failed}"]],
    "analyze": [["checkout.yaml"], ["{also_failed}"]],
    "subscriptions": [[], ["list"], ["dead-letters"]],
}
"""What is asked of a store and of its server."""
CHANGES = {
    "submit": [["checkout.yaml", "-c", ORDER]],
    "pause": [["{waiting}"]],
    "resume": [["{waiting}"]],
    "cancel": [["{waiting}"], ["{failed}", "--step", "ship"]],
    "update": [["{failed}", "--step", "charge", "--retry-limit", "9"]],
    "reset": [["{failed}", "--step", "charge"]],
    "annotate": [["{failed}", "note", '{"a": 1}']],
    "retry": [["{failed}"], ["ffffffff"]],
    "resolve": [["{also_failed}"], ["{also_failed}"]],
}
"""What is done with some tasks in a store, and with others like them by its server."""
OF_A_SERVER = {
    "run": "the task runs there: tests/cli/test_served.py",
    "handlers": "the definitions are its own: tests/cli/test_handlers.py",
}
NEEDS_A_STORE = {"worker": [], "serve": [], "bench": ["checkout.yaml"]}
ASKS_NEITHER = {"check", "events", "metrics", "tokens", "validate"}
"""Commands about files, or about the program itself."""

VARIES = [
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "ID"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z?"), "TIME"),
    # Times and rates up to now.
    (re.compile(r"\d+\.\d+(e-?\d+)?"), "NUMBER"),
    # Who works its store is the server's business.
    (re.compile(r'"worker": ?(null|\{[^}]*\})'), "WORKER"),
]


def test_every_command_is_one_of_these():
    kinds = [set(READS), set(CHANGES), set(OF_A_SERVER), set(NEEDS_A_STORE), ASKS_NEITHER]
    assert set().union(*kinds) == set(COMMANDS)
    assert sum(map(len, kinds)) == len(COMMANDS)


def asked(tasker, calls, place, ids):
    """Return what the command says to each of the calls, but for what varies."""
    found = {}
    for command, all_arguments in calls.items():
        for number, arguments in enumerate(all_arguments):
            given = [re.sub(r"^\{(\w+)\}$", lambda m: ids[m[1]], each) for each in arguments]
            said = tasker(command, *given, "--json", *place)
            found[command, number] = (said.code, plain(said.out), plain(said.err))
    return found


def plain(text):
    for pattern, name in VARIES:
        text = pattern.sub(name, text)
    return text


def test_answers_are_the_same_of_a_file_and_of_a_server(tasker, folder):
    fails = ["run", "checkout.yaml", "-c", '{"order": 8, "declined": true}', "--json"]
    waits = ["submit", "checkout.yaml", "-c", ORDER, "--json"]
    made = {"failed": fails, "also_failed": fails, "waiting": waits}
    twins = [{name: tasker(*call).json["task_id"] for name, call in made.items()} for _ in range(2)]
    with served_in_a_thread(STORE, definitions="checkout.yaml") as url:
        places = (["--store", STORE], ["--server", url])
        first = [
            asked(tasker, CHANGES, place, ids) for place, ids in zip(places, twins, strict=True)
        ]
        for call, answer in first[0].items():
            assert first[1][call] == answer, call
        # Both have done what they were asked to do, but what there is none of.
        failures = [call for call, (code, _, _) in first[0].items() if code != 0]
        assert failures == [("retry", 1), ("resolve", 1)]
        then = [asked(tasker, READS, place, twins[0]) for place in places]
        for call, answer in then[0].items():
            assert then[1][call] == answer, call
        assert {code for code, _, _ in then[0].values()} <= {0, 1}


@pytest.mark.parametrize("command", NEEDS_A_STORE)
def test_what_needs_a_store_says_so(tasker, command):
    said = tasker(command, *NEEDS_A_STORE[command], "--server", URL)
    assert (said.code, said.out) == (2, "")
    assert "--store" in said.err


@pytest.mark.parametrize("command", sorted(ASKS_NEITHER))
def test_what_asks_neither_has_no_option_for_it(tasker, command):
    assert "--server" not in tasker(command, "--help").out
