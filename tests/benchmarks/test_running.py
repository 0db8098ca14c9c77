"""The command: processes of their own, turns, tables, JSON."""

import subprocess
import sys

import msgspec
import pytest
from click.testing import CliRunner

from benchmarks.__main__ import main
from benchmarks.case import Contender, Sample, Settings
from benchmarks.catalog import load_case
from benchmarks.child import Order
from benchmarks.processes import ROOT, SampleError, take_sample
from benchmarks.results import Results
from benchmarks.running import run_case
from benchmarks.tables import figure, heading


def order(tmp_path, case="codec", contender="a result, msgspec", **fields):
    return Order(
        case=case,
        contender=Contender(name=contender, **fields),
        settings=Settings(quick=True),
        directory=str(tmp_path),
        answer="",
    )


def test_results_are_written_as_json(tmp_path):
    file = tmp_path / "out.json"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "live", "--quick", "--json", file],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "a live task over 20 KiB" in done.stdout
    results = msgspec.json.decode(file.read_bytes(), type=Results)
    assert results.date
    assert results.machine.cores > 0
    assert results.machine.python
    [case] = results.cases
    assert case.name == "live"
    for each in case.contenders:
        assert each.failed is None
        assert each.metrics["task_kib"].median > 0
        assert each.metrics["peak_rss_mib"].median > 1


def test_contenders_take_turns(tmp_path, monkeypatch):
    asked = []
    case = msgspec.structs.replace(
        load_case("codec"), contenders=lambda settings: [Contender(name="a"), Contender(name="b")]
    )

    def take(order, *, seconds):
        asked.append((order.contender.name, order.repeat))
        if order.contender.name == "b" and order.repeat == 1:
            raise SampleError("it fell over")
        return Sample(metrics={"operation_us": 1.0})

    monkeypatch.setattr("benchmarks.running.take_sample", take)
    result = run_case(
        "codec", case, Settings(repeats=3), directory=tmp_path, progress=lambda text: None
    )
    assert asked == [("a", 0), ("b", 0), ("a", 1), ("b", 1), ("a", 2)]
    assert [each.failed for each in result.contenders] == [None, "it fell over"]
    assert not list(tmp_path.iterdir())


def test_a_failed_sample_is_told_in_one_line(tmp_path):
    with pytest.raises(SampleError, match="exit 1: ") as raised:
        take_sample(order(tmp_path, contender="nonsense"), seconds=30)
    assert "\n" not in str(raised.value)


def test_a_sample_that_takes_too_long_is_ended(tmp_path):
    with pytest.raises(SampleError, match=r"longer than 0\.01 s"):
        take_sample(order(tmp_path), seconds=0.01)


def test_a_mistyped_case_or_store_is_refused():
    said = CliRunner().invoke(main, ["dimond"])
    assert said.exit_code == 2
    assert "no case 'dimond'" in said.output
    said = CliRunner().invoke(main, ["diamond", "--store", "oracle"])
    assert said.exit_code == 2
    assert "no store 'oracle'" in said.output


def test_the_cases_are_listed_with_their_questions():
    said = CliRunner().invoke(main, ["--list"])
    assert said.exit_code == 0
    assert "diamond" in said.output
    assert "How many small workflows a second" in said.output


def test_figures_have_the_digits_that_count():
    assert [figure(value) for value in (12345.6, 12.34, 1.234, 0.01234, 3.0)] == [
        "12,346",
        "12.3",
        "1.23",
        "0.0123",
        "3",
    ]


def test_headings_name_the_unit():
    assert heading("p50_ms") == "p50 ms"
    assert heading("steps_per_second") == "steps/s"
    assert heading("in_flight") == "in flight"
