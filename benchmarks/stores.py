"""The stores that are compared, by short names."""

from __future__ import annotations

from pathlib import Path

NAMES = ("sqlite", "sqlite-relaxed", "memory")


def store_url(store: str, directory: Path, name: str = "bench") -> str:
    """Return the URL of a store by its short name; a URL stays as it is."""
    if store == "memory":
        return "memory://"
    if store in ("sqlite", "sqlite-relaxed"):
        query = "" if store == "sqlite" else "?durability=relaxed"
        return f"sqlite:///{(directory / name).absolute()}.db{query}"
    if "://" not in store:
        raise ValueError(f"no store {store!r}; there are {', '.join(NAMES)}, and any URL")
    return store
