"""How many small workflows a second, with a step, two beside each other, and one that joins them?

On SQLite with every commit synced, on SQLite with syncing left to the system, and
in memory; each with as many tasks in flight as is best for it.
"""

from benchmarks.shape_case import shape_case

CASE = shape_case("diamond", __doc__ or "")
