"""A folder with a definition, and the command to run in it."""

import sys

import pytest

from tests.cli.command import Here
from tests.cli.shop import write_shop


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder with `checkout.yaml`, which is the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TASKER_STORE", raising=False)
    monkeypatch.setattr(sys, "path", list(sys.path))
    write_shop(tmp_path)
    return tmp_path


@pytest.fixture
def tasker(folder, capsys):
    """Run the command in this process: ``tasker("list", "--json")``."""
    return Here(capsys)
