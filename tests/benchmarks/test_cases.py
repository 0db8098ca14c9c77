"""Every case runs, in a form too small to mean anything, and measures what it promises."""

import math

import anyio
import pytest

from benchmarks.case import Ground, Settings
from benchmarks.catalog import ORDER, load_case, modules
from benchmarks.shapes import SHAPES, layered, layers
from benchmarks.stores import store_url

QUICK = Settings(quick=True, repeats=1)
LOAD = {"steps_per_second", "tasks_per_second", "p50_ms", "p95_ms", "p99_ms"}
PROMISED = {
    "diamond": LOAD,
    "chain": LOAD,
    "fanout": LOAD,
    "latency": {"p50_ms", "p95_ms", "p99_ms"},
    "concurrency": LOAD,
    "plain": {"steps_per_second"},
    "budget": {"engine_us", "budget_us", "of_budget"},
    "mailbox": {"operation_us"},
    "journal": {"append_us"},
    "advance": {"step_us"},
    "codec": {"operation_us"},
    "analysis": {"analysis_ms"},
    "subscribers": {"steps_per_second", "of_none", "cpu_of_none", "dropped"},
    "live": {"task_kib"},
    "serve": {"per_second", "full_p50_ms", "busy_p99_ms", "heard_p99_ms", "start_s", "idle_mib"},
    "import": set(),
    "cli": {"start_ms"},
    "recovery": {"first_step_ms", "last_step_ms"},
    "waiting": {"start_ms", "resident_mib", "idle_cpu_percent", "wake_us"},
    "growth": {"step_us"},
    "statistics": {"read_ms", "task_us", "steps_per_second"},
    "telemetry": {"steps_per_second", "step_cpu_us"},
}


@pytest.fixture(autouse=True)
def blocking_is_allowed(blocking_call_detector):
    """What is measured here has the event loop, and the process, to itself."""
    blocking_call_detector.deactivate()


def test_the_catalog_names_every_case():
    assert {"import_time" if name == "import" else name for name in ORDER} == modules()
    assert set(PROMISED) == set(ORDER) - {"peers"}


@pytest.mark.parametrize("name", ORDER)
def test_a_case_states_a_question(name):
    assert "?" in load_case(name).question.split("\n\n")[0]


@pytest.mark.parametrize("name", PROMISED)
def test_a_case_measures_what_it_promises(name, tmp_path):
    case = load_case(name)
    assert case.sample is not None
    taken = {}
    for number, contender in enumerate(case.contenders(QUICK)):
        directory = tmp_path / str(number)
        directory.mkdir()
        ground = Ground(settings=QUICK, directory=directory)
        if case.prepare is not None:
            anyio.run(case.prepare, contender, ground)
        sample = anyio.run(case.sample, contender, ground)
        metrics = taken[contender.name] = sample.metrics
        assert all(math.isfinite(value) for value in metrics.values())
    assert all(any(promise in metrics for metrics in taken.values()) for promise in PROMISED[name])
    for ratio in case.ratios(QUICK):
        for end in (ratio.of, ratio.to):
            if isinstance(end, tuple):
                name_of_end, metric = end
                assert metric in taken[name_of_end], f"the ratio {ratio.name!r} names nothing"
    for curve in case.curves:
        points = [each for each in case.contenders(QUICK) if each.series in curve.series]
        assert all(curve.metric in taken[point.name] for point in points)
        assert len(points) > 1


@pytest.mark.parametrize("name", ORDER)
def test_contenders_have_names_of_their_own(name):
    names = [each.name for each in load_case(name).contenders(Settings())]
    assert len(names) == len(set(names))


def test_an_unknown_case_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="diamond, chain"):
        load_case("dimond")


def test_layers_go_by_depth():
    assert layers(SHAPES["diamond"]) == [["a"], ["b", "c"], ["d"]]
    assert [len(layer) for layer in layers(SHAPES["fanout"])] == [1, 100, 1]
    assert [len(layer) for layer in layers(layered(23))] == [5, 5, 5, 5, 3]


def test_stores_have_short_names(tmp_path):
    assert store_url("memory", tmp_path) == "memory://"
    assert store_url("sqlite", tmp_path) == f"sqlite:///{tmp_path}/bench.db"
    assert store_url("sqlite-relaxed", tmp_path, "x").endswith("/x.db?durability=relaxed")
    assert store_url("sqlite:////data/x.db", tmp_path) == "sqlite:////data/x.db"
    with pytest.raises(ValueError, match="sqlite-relaxed"):
        store_url("sqlight", tmp_path)
