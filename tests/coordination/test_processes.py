"""Between processes: a limit that holds."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.stores.processes import ROOT

PROCESSES = 4
RATE = 50.0
SECONDS = 4.0


def _went(url: str) -> list[float]:
    """Return when the callers of four processes went, in order."""
    command = [sys.executable, "-W", "error", "-m", "tests.coordination.limited"]
    children = [
        subprocess.Popen(
            [*command, url, f"limit-{url}", str(RATE), str(SECONDS)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    try:
        for child in children:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
        with ThreadPoolExecutor(PROCESSES) as pool:
            told = list(pool.map(lambda child: child.communicate("go\n")[0], children))
        assert all(told)
        return sorted(float(at) for line in told for at in line.split())
    finally:
        for child in children:
            child.kill()
            child.wait()


@pytest.mark.parametrize("server", ["redis", "memcached"])
def test_a_limit_holds_over_four_processes(server, request):
    """50 a second, within a tenth, over any second and over all of them."""
    went = _went(request.getfixturevalue(server).url)
    assert len(went) <= RATE * SECONDS * 1.1
    assert (len(went) - 1) / (went[-1] - went[0]) == pytest.approx(RATE, rel=0.1)
    busiest = max(sum(at <= later < at + 1.0 for later in went) for at in went)
    assert busiest <= RATE * 1.1 + 1, "in some second more went than the limit allows"
