"""What installs is `tasker` alone, and all of it."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.packaging.project import PYPROJECT, ROOMS, ROOT, our_files

# What the pages of the dashboard are made of.
PAGES = ("*.js", "*.css", "*.html", "*.svg", "*.txt")
BUILT_FROM = ["pyproject.toml", "LICENSE", "README.md", *ROOMS]


@pytest.fixture(scope="module")
def wheel_members(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Build the wheel from a copy, so that the tree stays clean, and list its files."""
    tree = tmp_path_factory.mktemp("tree")
    for name in BUILT_FROM:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, tree / name, symlinks=True, ignore=ignored)
        elif (ROOT / name).exists():
            shutil.copy(ROOT / name, tree)
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tree, tree],
        check=True,
        capture_output=True,
    )
    [wheel] = tree.glob("*.whl")
    return set(zipfile.ZipFile(wheel).namelist())


def test_the_wheel_holds_tasker_alone(wheel_members: set[str]):
    tops = {member.split("/")[0] for member in wheel_members}
    version = PYPROJECT["project"]["version"]
    assert tops == {"tasker", f"tasker_engine-{version}.dist-info"}


def test_the_wheel_holds_every_file_once(wheel_members: set[str]):
    expected = {"tasker/py.typed"} | {
        f"{folder.replace('.', '/')}/{path.name}"
        for pattern in ("*.py", "*.sql", "*.json", "*.yml", *PAGES)
        for folder, path in our_files(pattern)
    }
    assert {member for member in wheel_members if member.startswith("tasker/")} == expected


def test_the_wheel_holds_the_three_rooms(wheel_members: set[str]):
    assert {f"{package.replace('.', '/')}/__init__.py" for package in ROOMS.values()} <= (
        wheel_members
    )


def test_packages_are_listed_as_they_are_in_the_tree():
    assert PYPROJECT["tool"]["setuptools"]["packages"] == sorted(
        package for package, _ in our_files("__init__.py")
    )


@pytest.mark.parametrize("room", ["actors", "stores"])
def test_the_rooms_are_linked_for_tools_that_read_the_tree(room: str):
    """Without the links a checkout runs, but type checkers and editors see nothing."""
    link = ROOT / "tasker" / room
    if not link.exists():
        pytest.skip("this checkout has no links")
    assert link.readlink() == Path("..", room)
