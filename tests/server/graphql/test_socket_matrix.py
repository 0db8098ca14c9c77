"""The security matrix of what is followed: each subscription, with each kind of caller."""

import msgspec
import pytest
import yaml

from tasker.server.graphql.permissions import PERMISSIONS
from tasker.server.permissions import all_permissions
from tests.server.graphql.asking import error
from tests.server.graphql.test_permissions import OURS, arguments_of, plain_of
from tests.server.graphql.test_socket import opened
from tests.server.serving import REPORT, served
from tests.server.signing import signed
from tests.server.test_matrix import CONFIG, bearer, unknown

FIELDS = sorted(OURS["Subscription"].fields)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A server with the settings of the matrix, and a task that is at rest."""
    folder = tmp_path_factory.mktemp("guarded")
    config = folder / "server.yml"
    config.write_text(yaml.safe_dump({"auth": msgspec.to_builtins(CONFIG.auth)}))
    with served(folder, "--config", config) as server:
        made = server.post("/tasks", REPORT, headers={**admin(), "Prefer": "wait=20"})
        assert made.json()["status"] == "complete"
        yield server, made.json()["task_id"]


def admin():
    return bearer(signed(roles=list(all_permissions())))


def subscription(name, task_id):
    field = OURS["Subscription"].fields[name]
    given = arguments_of(field).replace('"x"', f'"{task_id}"')
    return f"subscription {{ x: {name}{given} {{{plain_of(field)}}} }}"


def refusal(server, query, headers, status, code):
    with opened(server, additional_headers=headers) as talk:
        talk.subscribe("1", query)
        return error({"errors": talk.hear("error")["payload"]}, status, code)


@pytest.mark.parametrize("name", FIELDS)
def test_a_subscription_with_each_caller_and_each_permission(name, guarded):
    server, task_id = guarded
    query, permission = subscription(name, task_id), PERMISSIONS["Subscription"][name]
    for headers in unknown(permission).values():
        refusal(server, query, headers, 401, "AUTHENTICATION_FAILED")
    without = [each for each in all_permissions() if each != permission]
    for roles in ([], without):
        headers = bearer(signed(roles=roles))
        told = refusal(server, query, headers, 403, "AUTHORIZATION_FAILED")
        assert told["extensions"]["details"] == {"permission": permission}
    with opened(server, additional_headers=bearer(signed(roles=[permission]))) as talk:
        talk.subscribe("1", query)
        # An operation is under way by the time that a later one is answered.
        talk.subscribe("2", "{ __typename }")
        heard = [talk.hear()]
        while heard[-1]["id"] != "2":
            heard.append(talk.hear())
        server.post("/tasks", REPORT, headers=admin())
        while not any(each["id"] == "1" for each in heard):
            heard.append(talk.hear())
        first = next(each for each in heard if each["id"] == "1")
        assert (first["type"], first["payload"].keys()) == ("next", {"data"})
