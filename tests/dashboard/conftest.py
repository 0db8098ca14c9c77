"""A browser and a server for the tests of a module that do not need some of their own."""

import pytest

from tests.dashboard.browser import browser, seen
from tests.server.serving import served

SHOP = "tests.dashboard.shop:every"


@pytest.fixture(autouse=True)
def blocking_call_detector():
    """Stands for the one that looks at event loops of ours: that of the browser is its own."""


@pytest.fixture(scope="module")
def chromium():
    # No longer than a module: while it is there, other tests could have no event loop.
    with browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def shop(chromium, tmp_path_factory):
    with served(tmp_path_factory.mktemp("dashboard"), app=SHOP) as running:
        yield running


@pytest.fixture
def desk(chromium, shop):
    """The dashboard on a screen of a desk."""
    with seen(chromium, shop.url) as shown:
        yield shown


@pytest.fixture
def submit(shop):
    """Create a task, and return it: at rest, unless told not to wait."""

    def create(name="order", namespace="shop", *, wait=20, **body):
        asked = {"name": name, "namespace": namespace, **body}
        answer = shop.post("/tasks", asked, headers={"Prefer": f"wait={wait}"})
        assert answer.status_code == 201, answer.text
        return answer.json()

    return create
