"""The command: ``python -m benchmarks [CASE...]``."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec
from rich.console import Console

from benchmarks.case import Settings
from benchmarks.catalog import ORDER, load_case
from benchmarks.results import Results
from benchmarks.running import run_case
from benchmarks.stores import store_url
from benchmarks.tables import print_case
from tasker.bench.machine import Machine, describe_machine

IN_MEMORY = ("tmpfs", "ramfs")


@click.command()
@click.argument("cases", nargs=-1, metavar="[CASE]...")
@click.option(
    "--store", help="sqlite, sqlite-relaxed, memory, or a URL; by default what each compares."
)
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path), help="Write the results here."
)
@click.option(
    "--quick", is_flag=True, help="Tiny numbers: they say that it runs, and nothing else."
)
@click.option(
    "--repeats", type=click.IntRange(min=1), help="Samples of each contender (5; quick 1)."
)
@click.option("--uvloop", is_flag=True, help="Run Tasker's processes on uvloop.")
@click.option(
    "--directory",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Where data is kept while it runs; it decides which disk is measured.",
)
@click.option("--pictures", is_flag=True, help="Draw the results into benchmarks/results.")
@click.option("--list", "show_list", is_flag=True, help="List the cases and their questions.")
def main(
    *,
    cases: tuple[str, ...],
    store: str | None,
    json_file: Path | None,
    quick: bool,
    repeats: int | None,
    uvloop: bool,
    directory: Path | None,
    pictures: bool,
    show_list: bool,
) -> None:
    """Run the benchmarks: all but `peers`, or the cases named.

    What each case answers: --list. Why to distrust it: benchmarks/README.md.
    """
    console = Console(width=None if Console().is_terminal else 200)
    if show_list:
        _print_list(console)
        return
    settings = Settings(
        store=store, quick=quick, uvloop=uvloop, repeats=repeats or (1 if quick else 5)
    )
    names = _chosen(cases, store)
    machine = describe_machine(directory or Path(tempfile.gettempdir()))
    _print_machine(console, machine, quick)
    results = Results(
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        commit=machine.commit,
        machine=machine,
        settings=settings,
        cases=[],
    )
    for name in names:
        with console.status(name) as status:
            result = run_case(
                name, load_case(name), settings, directory=directory, progress=status.update
            )
        results.cases.append(result)
        print_case(console, result)
        if json_file is not None:
            # After each case: an hour's results survive the interruption of the next.
            json_file.write_bytes(msgspec.json.format(msgspec.json.encode(results)))
    if pictures:
        _draw(console, results)
    failed = [
        f"{case.name}/{each.name}"
        for case in results.cases
        for each in case.contenders
        if each.failed is not None and case.name != "peers"
    ]
    if failed:
        raise click.ClickException(f"no samples of {', '.join(failed)}")


def _chosen(cases: tuple[str, ...], store: str | None) -> list[str]:
    try:
        if store is not None:
            store_url(store, Path())
        for name in cases:
            load_case(name)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    return list(cases) or [name for name in ORDER if not load_case(name).on_request]


def _print_machine(console: Console, machine: Machine, quick: bool) -> None:
    for line in machine.lines():
        console.print(line, style="dim", highlight=False)
    if machine.file_system in IN_MEMORY:
        console.print(
            f"The data is on {machine.file_system}, where a sync costs nothing: what is said of "
            "strict durability is not true of a disk. Choose another with --directory.",
            style="red",
        )
    if quick:
        console.print("Quick: the numbers are too small to mean anything.", style="red")


def _print_list(console: Console) -> None:
    for name in ORDER:
        question = load_case(name).question.strip().split("\n\n")[0].replace("\n", " ")
        console.print(f"[bold]{name:<12}[/] {question}", highlight=False)


def _draw(console: Console, results: Results) -> None:
    try:
        from benchmarks.pictures import draw
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"{error}; pictures take the extra `bench`: pip install 'tasker-engine[bench]'"
        ) from None
    for path in draw(results, Path(__file__).parent / "results"):
        console.print(f"drew {path}", highlight=False)


if __name__ == "__main__":
    main()
