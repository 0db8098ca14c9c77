"""How many a second when one step fans out to a hundred, and one joins them?

On SQLite with every commit synced, on SQLite with syncing left to the system, and
in memory; each with as many tasks in flight as is best for it.
"""

from benchmarks.shape_case import shape_case

CASE = shape_case("fanout", __doc__ or "")
