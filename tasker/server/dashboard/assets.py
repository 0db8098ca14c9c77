"""The files of the dashboard, read once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

from msgspec import Struct

INDEX = "index.html"
_FOLDER = "static"
_ASSETS = "{{assets}}"
"""What stands in the page for where its files are."""
_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}


class Asset(Struct, frozen=True, kw_only=True):
    """One file."""

    body: bytes
    media_type: str


class Assets(Struct, frozen=True, kw_only=True):
    """All files by path; ``version`` is another as soon as one of them is."""

    version: str
    files: Mapping[str, Asset]

    def page(self) -> bytes:
        """Return the page, with its links to files of this version, relative to its own URL."""
        here = f"dashboard/assets/{self.version}"
        return self.files[INDEX].body.replace(_ASSETS.encode(), here.encode())


@cache
def assets() -> Assets:
    """Return the files; they are part of the package, so they are read once."""
    found = dict(sorted(_found(files(__package__) / _FOLDER, PurePosixPath())))
    digest = hashlib.sha256()
    for path, asset in found.items():
        digest.update(f"{path}\0{len(asset.body)}\0".encode() + asset.body)
    return Assets(version=digest.hexdigest()[:16], files=found)


def _found(folder: Traversable, at: PurePosixPath) -> Iterator[tuple[str, Asset]]:
    for entry in folder.iterdir():
        path = at / entry.name
        if entry.is_dir():
            yield from _found(entry, path)
        elif path.suffix in _TYPES:
            yield str(path), Asset(body=entry.read_bytes(), media_type=_TYPES[path.suffix])
