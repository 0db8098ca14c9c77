"""A client that asks in GraphQL, of a real server or of an application in this process."""

PATH = "/graphql"


def asked(server, query, *, headers=None, operation=None, status=200, **variables):
    """Send an operation to a server, and return its answer."""
    body = {"query": query, "variables": variables}
    if operation is not None:
        body["operationName"] = operation
    answer = server.post(PATH, body, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/json")
    return answer.json()


def data(server, query, **variables):
    """Send an operation that has to succeed, and return its data."""
    answer = asked(server, query, **variables)
    assert "errors" not in answer, answer
    return answer["data"]


def refused(server, query, status, code, *, headers=None, **variables):
    """Send an operation that has to be refused, and return the first error."""
    answer = asked(server, query, headers=headers, status=status, **variables)
    assert set(answer) == {"errors"}, answer
    return error(answer, status, code)


def error(answer, status, code):
    """Return the first error of an answer, after a look at all that every one of them has."""
    found = answer["errors"][0]
    extensions = found["extensions"]
    assert extensions["code"] == code, answer
    assert extensions["status"] == status
    assert extensions["type"] == f"urn:tasker:problem:{code.lower().replace('_', '-')}"
    assert extensions["message"] == found["message"] != ""
    assert isinstance(extensions["details"], dict)
    return found
