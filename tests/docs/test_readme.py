"""The README's example is the one that runs, and its twin is its twin."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tasker.sources import bind_sources

ROOT = Path(__file__).parents[2]
FIRST = ROOT / "examples" / "first"


def _block(language: str) -> str:
    blocks = re.findall(rf"```{language}\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    block: str = blocks[0]
    return block


@pytest.mark.parametrize(("language", "file"), [("python", "shop.py"), ("yaml", "order.yaml")])
def test_the_readme_shows_the_files_of_the_first_example(language: str, file: str) -> None:
    assert _block(language) == (FIRST / file).read_text()


def test_the_first_example_runs_and_prints_its_results(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, FIRST / "shop.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.stdout == "{'reserve': {'reserved': ['tea']}, 'charge': {'charged': 10}}\n", (
        done.stderr
    )


def test_python_and_yaml_give_the_same_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FIRST))
    import shop  # type: ignore[import-not-found]

    from_python, from_yaml = bind_sources([shop.order, str(FIRST / "order.yaml")])
    assert from_python.definition.hash == from_yaml.definition.hash


def test_the_commands_of_the_readme_can_be_followed_word_by_word(tmp_path: Path) -> None:
    shutil.copytree(FIRST, tmp_path / "examples" / "first", ignore=shutil.ignore_patterns("*.db*"))
    [block] = [
        block
        for block in re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
        if "shop.py" in block
    ]
    program = f"""
set -e
python() {{ "{sys.executable}" "$@"; }}
tasker() {{ "{sys.executable}" -m tasker "$@"; }}
{block}
"""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("TASKER_")}
    done = subprocess.run(
        ["bash", "-c", program],
        cwd=tmp_path,
        env=environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("shop.order@0.1.0  ✔ complete") == 2
