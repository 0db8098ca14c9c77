"""The public names of each package are sorted, and exist."""

import importlib

import pytest

from tests.packaging.project import PYPROJECT


@pytest.mark.parametrize("package", PYPROJECT["tool"]["setuptools"]["packages"])
def test_public_names_are_sorted_and_real(package: str):
    module = importlib.import_module(package)
    names: list[str] = getattr(module, "__all__", [])
    if not names:
        pytest.skip("no public names yet")
    assert names == sorted(set(names))
    assert [name for name in names if not hasattr(module, name)] == []
