"""From a URL to a store."""

import sys

import pytest

from tasker.stores import MemoryStore, MissingExtraError, SqliteStore, StoreUrlError, make_store
from tasker.stores.masked import masked
from tasker.stores.postgres import PostgresStore


def test_memory():
    store = make_store("memory://")
    assert isinstance(store, MemoryStore)
    assert store.url == "memory://"


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("sqlite:///orders.db", "sqlite:///orders.db"),
        ("sqlite:////var/lib/orders.db", "sqlite:////var/lib/orders.db"),
        ("SQLite:///a%20b.db", "sqlite:///a b.db"),
        ("sqlite:///orders.db?durability=relaxed", "sqlite:///orders.db?durability=relaxed"),
        ("sqlite:///orders.db?durability=strict", "sqlite:///orders.db"),
    ],
)
def test_sqlite(url, named):
    store = make_store(url)
    assert isinstance(store, SqliteStore)
    assert store.url == named


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "PostgreSQL"])
def test_postgresql(scheme):
    store = make_store(f"{scheme}://ann:secret@host:5433/shop?schema=orders&sslmode=require")
    assert isinstance(store, PostgresStore)
    assert store.url == f"{scheme}://ann:***@host:5433/shop?schema=orders&sslmode=require"


def test_a_missing_driver_is_named_by_its_extra(monkeypatch):
    for name in [each for each in sys.modules if each.startswith("tasker.stores.postgres")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(MissingExtraError, match=r"tasker-engine\[postgres\]"):
        make_store("postgresql://host/shop")


def test_options_win_over_the_query():
    store = make_store("sqlite:///orders.db?durability=strict", durability="relaxed")
    assert store.url.endswith("?durability=relaxed")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("orders.db", "no scheme"),
        ("", "there is none"),
        ("sqllite:///orders.db", "did you mean sqlite://"),
        ("mysql://host/db", "unknown scheme 'mysql'"),
        ("sqlite://", "use memory://"),
        ("sqlite:///", "use memory://"),
        ("sqlite:///:memory:", "use memory://"),
        ("sqlite://:memory:", "use memory://"),
        ("sqlite://orders.db", "three slashes: sqlite:///orders.db"),
        ("sqlite:///orders.db?durabilty=relaxed", "did you mean 'durability'"),
        ("sqlite:///orders.db?durability=lax", "strict or relaxed, not 'lax'"),
        ("sqlite:///orders.db?busy_seconds=soon", "not a number"),
        ("postgresql://host/db?poool=3", "did you mean 'pool'"),
        ("postgresql://host/db?pool=1", "must be 2 or more"),
        ("postgresql://host/db?pool=many", "pool is not a number"),
        ("postgresql://host/db?schema=Shop", "no plain name"),
        ('postgresql://host/db?schema=a"; DROP', "no plain name"),
        ("postgresql://host/db?pooler=session", "none or transaction, not 'session'"),
        ("postgres://host/db?durability=lax", "strict or relaxed, not 'lax'"),
        ("memory://somewhere", "no path"),
        ("memory://?durability=strict", "no options"),
    ],
)
def test_what_is_refused(url, said):
    with pytest.raises(StoreUrlError) as caught:
        make_store(url)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ann:s3cret@host/db", "postgresql://ann:***@host/db"),
        ("postgresql://ann:s3/cr@et@host/db", "postgresql://ann:***@host/db"),
        (
            "postgresql://ann@host/db?password=s3cret&x=1",
            "postgresql://ann@host/db?password=***&x=1",
        ),
        ("ann:s3cret@host", "ann:***@host"),
        ("sqlite:///a:b@c.db", "sqlite:///a:b@c.db"),
        ("memory://", "memory://"),
    ],
)
def test_passwords_are_masked(url, shown):
    assert masked(url) == shown
    if "s3" in url:
        wrong = url + ("&" if "?" in url else "?") + "poolsize=3"
        with pytest.raises(StoreUrlError) as caught:
            make_store(wrong)
        assert "s3" not in str(caught.value)
