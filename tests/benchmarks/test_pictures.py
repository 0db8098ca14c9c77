"""Pictures: of curves, and of who was faster."""

import pytest

from benchmarks.case import Curve, Settings
from benchmarks.results import CaseResult, ContenderResult, Results
from tasker.bench.distribution import summary
from tasker.bench.machine import Machine

pytest.importorskip("matplotlib", reason="pictures take the extra `bench`")


def result(name, x, rate):
    return ContenderResult(
        name=name,
        series="line",
        x=x,
        metrics={"rate": summary([rate, rate * 1.1])},
        facts={},
        failed=None,
    )


def test_a_picture_of_each_curve_and_of_the_headline(tmp_path):
    from benchmarks.pictures import draw

    machine = Machine(
        cpu="a cpu",
        cores=2,
        memory_gib=4.0,
        kernel="Linux",
        file_system="ext4",
        python="3.11",
        sqlite="3",
        tasker="0",
        commit="abc123+",
        packages={},
    )
    curve = Curve(title="t", series=("line",), x_label="x", metric="rate", y_label="y")
    missing = Curve(title="t", series=("other",), x_label="x", metric="rate", y_label="y")
    case = CaseResult(
        name="case",
        question="?",
        seconds=1.0,
        contenders=[result("a", 1, 10.0), result("b", 10, 9_000.0)],
        ratios=[],
        curves=[curve, missing],
        headline="rate",
    )
    results = Results(
        date="2026-01-02T03:04:05+00:00",
        commit="abc123+",
        machine=machine,
        settings=Settings(),
        cases=[case],
    )
    drawn = draw(results, tmp_path)
    assert [path.name for path in drawn] == [
        "case-2026-01-02-abc123-0.png",
        "case-2026-01-02-abc123.png",
    ]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in drawn)
