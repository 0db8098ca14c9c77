"""The store in a PostgreSQL database; needs the extra ``postgres``."""

from tasker.stores.postgres.store import PostgresStore

__all__ = ["PostgresStore"]
