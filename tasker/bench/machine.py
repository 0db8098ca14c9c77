"""What a number was measured on; without it, a number says nothing."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
from importlib import metadata
from pathlib import Path

from msgspec import Struct

_CORE = ("anyio", "msgspec", "aiosqlite", "uvloop")


class Machine(Struct, frozen=True, kw_only=True):
    """Hardware, system and versions.

    ``commit`` is that of the checkout, with a ``+`` when files differ from it; None
    outside of one. ``file_system`` is of the directory that held the data:
    a file system in memory makes every sync free.
    """

    cpu: str
    cores: int
    memory_gib: float
    kernel: str
    file_system: str
    python: str
    sqlite: str
    tasker: str
    commit: str | None
    packages: dict[str, str]

    def lines(self) -> list[str]:
        """Return it for people to read."""
        at = f" at {self.commit}" if self.commit else ""
        packages = ", ".join(f"{name} {version}" for name, version in self.packages.items())
        return [
            f"{self.cpu}, {self.cores} cores, {self.memory_gib:.0f} GiB, {self.kernel}",
            f"data on {self.file_system}",
            f"Tasker {self.tasker}{at}, Python {self.python}, SQLite {self.sqlite}, {packages}",
        ]


def describe_machine(directory: Path) -> Machine:
    """Return what this process runs on; ``directory`` is where the data will be."""
    return Machine(
        cpu=_cpu(),
        cores=_cores(),
        memory_gib=_memory_gib(),
        kernel=f"{platform.system()} {platform.release()}",
        file_system=_file_system(directory),
        python=f"{platform.python_version()} ({platform.python_implementation()})",
        sqlite=sqlite3.sqlite_version,
        tasker=_version("tasker-engine") or "not installed",
        commit=_commit(),
        packages={name: found for name in _CORE if (found := _version(name)) is not None},
    )


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory_gib() -> float:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except (ValueError, OSError):
        return 0.0


def _file_system(directory: Path) -> str:
    """Return the type of the mount that holds a directory."""
    resolved = directory.resolve()
    best, kind = Path("/"), "an unknown file system"
    try:
        mounts = Path("/proc/mounts").read_text().splitlines()
    except OSError:
        return kind
    for line in mounts:
        _, point, found, *_ = line.split()
        path = Path(point.replace("\\040", " "))
        if resolved.is_relative_to(path) and len(path.parts) >= len(best.parts):
            best, kind = path, found
    return kind


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _commit() -> str | None:
    here = Path(__file__).resolve().parent
    found = _git(here, "rev-parse", "--short", "HEAD")
    if found is None:
        return None
    changed = _git(here, "status", "--porcelain", "--untracked-files=no")
    return f"{found}+" if changed else found


def _git(directory: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(directory), *arguments],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
