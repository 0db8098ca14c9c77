"""The detector catches what it claims to: a guard that nobody has seen work is a hope."""

import asyncio
import importlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest
from blockbuster import BlockBuster, BlockingError

from tests.conftest import OUR_PACKAGES


def written_in(package: str, source: str) -> Callable[..., Any]:
    """Return `call` from source that believes it lives in one of our packages.

    The path is where the import system found the package, which for `actors`
    and `stores` is through a link: the detector must see through it.
    """
    folder = Path(importlib.import_module(package).__path__[0])
    names: dict[str, Any] = {}
    exec(compile(source, str(folder / "planted.py"), "exec"), names)
    call: Callable[..., Any] = names["call"]
    return call


@pytest.mark.parametrize("package", OUR_PACKAGES)
async def test_a_blocking_call_in_our_code_is_caught(package: str):
    call = written_in(package, "import time\nasync def call(): time.sleep(0)")
    with pytest.raises(BlockingError, match=r"time\.sleep"):
        await call()


async def test_a_handler_that_blocks_under_our_code_is_caught():
    run = written_in("tasker", "async def call(handler): await handler()")

    async def handler() -> None:
        time.sleep(0)  # noqa: ASYNC251

    with pytest.raises(BlockingError, match=r"time\.sleep"):
        await run(handler)


async def test_reading_a_file_in_our_code_is_caught(tmp_path: Path):
    (tmp_path / "checkout.yaml").write_text("name: checkout")
    read = written_in("tasker", "async def call(path): return path.read_text()")
    with pytest.raises(BlockingError):
        await read(tmp_path / "checkout.yaml")


async def test_a_worker_thread_may_block():
    call = written_in("tasker", "import time\ndef call(): time.sleep(0)")
    await anyio.to_thread.run_sync(call)


async def test_code_that_is_not_ours_may_block():
    time.sleep(0)  # noqa: ASYNC251


async def test_a_first_import_may_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "reads_itself.py").write_text(
        "import pathlib; TEXT = pathlib.Path(__file__).read_text()"
    )
    monkeypatch.syspath_prepend(tmp_path)
    load = written_in("tasker", "async def call(): import reads_itself")
    await load()


async def test_the_detector_can_be_turned_off(blocking_call_detector: BlockBuster):
    blocking_call_detector.deactivate()
    call = written_in("tasker", "import time\nasync def call(): time.sleep(0)")
    await call()


async def test_the_loop_is_the_one_that_was_asked_for():
    on_uvloop = type(asyncio.get_running_loop()).__module__.startswith("uvloop")
    assert on_uvloop == (os.environ.get("TASKER_TEST_UVLOOP") == "1")
