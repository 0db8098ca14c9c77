"""Driving peers, without the peers: they are installed on demand."""

import json
import subprocess
import sys
import time
import venv

import pytest

from benchmarks.case import Settings
from benchmarks.cases.peers import CASE, PEERS, POSTGRES
from benchmarks.peers import driver, environments
from benchmarks.peers.environments import InstallError, make_environment
from benchmarks.processes import ROOT


def test_every_peer_has_a_script_and_says_how_it_is_configured():
    for peer in PEERS:
        script = ROOT / "benchmarks" / "peers" / f"{peer.module}.py"
        docstring = script.read_text().split('"""')[1]
        assert len(docstring) > 100


def test_what_may_be_missing_is_told_in_one_line(monkeypatch):
    monkeypatch.delenv(POSTGRES, raising=False)
    assert CASE.make_ready is not None
    [postgres] = [each for each in CASE.contenders(Settings()) if "PostgreSQL" in each.name]
    reason = CASE.make_ready(postgres, Settings())
    assert reason is not None
    assert POSTGRES in reason


def test_a_peer_that_cannot_be_installed_is_told_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(environments, "FOLDER", tmp_path)
    monkeypatch.setattr(venv, "create", lambda *args, **options: None)

    def refuse(*args, **options):
        raise subprocess.CalledProcessError(1, "pip", stderr="much\nERROR: no such thing\n")

    monkeypatch.setattr(subprocess, "run", refuse)
    with pytest.raises(InstallError, match=r"^it cannot be installed: ERROR: no such thing$"):
        make_environment("nothing", ("nothing==1",))


def test_the_best_of_the_concurrencies_counts(tmp_path, monkeypatch):
    now = 0.0

    def run(shape, tasks, in_flight):
        # Four at a time are done as fast as one; more gain nothing.
        nonlocal now
        now += 0.01 * tasks / min(in_flight, 4)

    monkeypatch.setattr(time, "perf_counter", lambda: now)
    order = driver.Order(
        directory=tmp_path, answer=tmp_path / "answer.json", quick=False, options={}
    )
    driver.contend(order, run, in_flight=(1, 4), facts={"version": "1"})
    answer = json.loads(order.answer.read_text())
    assert answer["metrics"]["diamond_one_ms"] == pytest.approx(10.0)
    assert answer["metrics"]["diamond_steps_per_second"] == pytest.approx(1600.0)
    assert answer["facts"]["version"] == "1"
    assert "diamond 4" in answer["facts"]["best in flight"]
    assert now < 2 * driver.TOTAL_SECONDS


@pytest.mark.parametrize(
    ("module", "options"), [("tasker_engine", {"store": "memory"}), ("plain_anyio", {})]
)
def test_the_home_team_is_driven_as_peers_are(module, options, tmp_path):
    order = {
        "directory": str(tmp_path),
        "repeat": 0,
        "answer": str(tmp_path / "answer.json"),
        "settings": {"quick": True},
        "contender": {"options": options},
    }
    (tmp_path / "order.json").write_text(json.dumps(order))
    command = [sys.executable, "-m", f"benchmarks.peers.{module}", tmp_path / "order.json"]
    subprocess.run(command, cwd=ROOT, check=True)
    metrics = json.loads((tmp_path / "answer.json").read_text())["metrics"]
    assert all(metrics[f"{shape}_steps_per_second"] > 0 for shape in driver.STEPS)
