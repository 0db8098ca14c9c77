"""A folder with a definition, and the command to run in it."""

import sys

import pytest

from tests.cli.command import PLACES, STORE, Here
from tests.cli.shop import write_shop
from tests.server.threaded import served_in_a_thread


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder with `checkout.yaml`, which is the current one."""
    monkeypatch.chdir(tmp_path)
    for variable in PLACES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(sys, "path", list(sys.path))
    write_shop(tmp_path)
    return tmp_path


@pytest.fixture
def tasker(folder, capsys):
    """Run the command in this process: ``tasker("list", "--json")``."""
    return Here(capsys)


@pytest.fixture(params=["store", "server"])
def anywhere(request, folder, capsys, monkeypatch):
    """The command on a store, and on a server of that store, which runs nothing itself."""
    if request.param == "store":
        yield Here(capsys)
        return
    with served_in_a_thread(STORE, definitions="checkout.yaml") as url:
        monkeypatch.setenv("TASKER_SERVER", url)
        yield Here(capsys, served=True)
