"""What every cache must pass: a plain async function for each promise.

To check a cache of your own, say how it is connected to and how its time goes by
(`Connections`), and run the promises of the capabilities that it has::

    for promise in cache_promises():
        needed = needed_capability(promise)
        if needed is None or strategy.supports(needed):
            await promise.run(connections)
"""

from tasker.stores.caches.contract.connections import Connections
from tasker.stores.caches.contract.suite import cache_promises, needed_capability

__all__ = ["Connections", "cache_promises", "needed_capability"]
