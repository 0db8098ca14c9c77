"""What the documentation shows is run: its Python, its YAML, and its commands.

A block whose first line is a comment with a file's name is that file, for the blocks
of its own page and of the pages that import it. A block of ``text`` under
``<!-- prints -->`` is what the Python above it prints; a ``console`` block is a command
with its output. ``<!-- not run … -->`` leaves a block alone.
"""

import contextlib
import importlib
import io
import logging
import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import anyio
import click
import pytest
import structlog

from tasker import DefinitionBuilder
from tasker.cli.app import cli, run
from tasker.cli.settings import Settings
from tasker.sources import bind_sources
from tests.docs.pages import PAGES, ROOT, Block, blocks_of

NAMES = [page.name for page in PAGES]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory with every file that a page shows, to import from and to work in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delenv("TASKER_STORE", raising=False)
    monkeypatch.delenv("TASKER_ENV", raising=False)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """Take away what a page sets up."""
    loggers = [logging.getLogger(), logging.getLogger("shop")]
    before = [(each, each.level, each.handlers[:]) for each in loggers]
    yield
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers[:] = handlers
    structlog.reset_defaults()


def write_files(project: Path, page: Path) -> None:
    """Write the files of all pages; those of this page win."""
    for each in [*PAGES, page]:
        for block in blocks_of(each):
            if block.file is not None:
                (project / block.file).write_text(block.text)


def is_run(block: Block) -> bool:
    return not block.mark.startswith("not run")


def execute(block: Block, page: Path) -> tuple[dict[str, object], str]:
    """Run a Python block as a script, or import the file that it is."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        if block.file is not None:
            names = vars(importlib.import_module(block.file.removesuffix(".py")))
        else:
            module = ModuleType(f"{page.stem}_line_{block.line}")
            sys.modules[module.__name__] = module
            try:
                # Blank lines before it, so that a traceback names the page's line.
                source = "\n" * (block.line - 1) + block.text
                exec(compile(source, str(page), "exec"), vars(module))
                if "__name__ ==" in block.text:
                    anyio.run(vars(module)["main"])
            finally:
                del sys.modules[module.__name__]
            names = vars(module)
    return dict(names), printed.getvalue()


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_python_runs_and_prints_what_the_page_says(page: Path, project: Path) -> None:
    write_files(project, page)
    printed = None
    for block in blocks_of(page):
        if block.kind == "python" and is_run(block):
            names, printed = execute(block, page)
            for value in names.values():
                if isinstance(value, DefinitionBuilder) and value.targets:
                    bind_sources([value])
        elif block.mark == "prints":
            assert printed == block.text, f"{page}:{block.line}"


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_yaml_loads(page: Path, project: Path) -> None:
    write_files(project, page)
    if page.name == "README.md":
        (project / "shop.py").write_text((ROOT / "examples" / "first" / "shop.py").read_text())
    for block in blocks_of(page):
        if block.kind == "yaml" and is_run(block) and block.mark != "mistakes":
            path = project / "block.yaml"
            path.write_text("\n" * (block.line - 1) + block.text)
            assert len(bind_sources(path)) == 1


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_commands_print_what_the_page_says(
    page: Path, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_files(project, page)
    for block in blocks_of(page):
        if block.kind == "console" and is_run(block):
            command, _, output = block.text.removeprefix("$ ").partition("\n")
            run(shlex.split(command)[1:])
            said = capsys.readouterr()
            assert (said.out + said.err).splitlines() == output.splitlines()


def commands() -> Iterator[tuple[str, str]]:
    """Every command line that starts with ``tasker``, with where it stands."""
    for page in PAGES:
        for block in blocks_of(page):
            if block.kind in ("sh", "console"):
                for number, line in enumerate(block.text.splitlines(), block.line):
                    if line.removeprefix("$ ").startswith("tasker "):
                        yield f"{page.name}:{number}", line.removeprefix("$ ")


COMMANDS = list(commands())


@pytest.mark.parametrize("line", [line for _, line in COMMANDS], ids=[at for at, _ in COMMANDS])
def test_commands_parse(line: str, project: Path) -> None:
    (project / "order.json").write_text("{}")
    words = shlex.split(line, comments=True)
    for end in ("|", ">", "&&"):
        words = words[: words.index(end)] if end in words else words
    context = cli.make_context("tasker", words[1:], obj=Settings())
    name, command, rest = cli.resolve_command(context, [*context._protected_args, *context.args])
    assert command is not None
    assert isinstance(command, click.Command)
    command.make_context(name, rest, parent=context)


def test_there_are_commands_and_examples() -> None:
    kinds = [block.kind for page in PAGES for block in blocks_of(page)]
    assert len(COMMANDS) > 10
    assert (kinds.count("python") > 20, kinds.count("yaml") > 4) == (True, True)
    assert os.path.exists(ROOT / "docs" / "operating.md")
