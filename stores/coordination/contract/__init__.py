"""What every mode of coordination must do: a plain async function for each promise.

Each runs on some `Participants`, who share a cache::

    for promise in coordination_promises():
        await promise.run(participants)

Where modes differ, the participants say so: ``lateness_seconds`` and ``shared``.
"""

from tasker.stores.coordination.contract.participants import Participants
from tasker.stores.coordination.contract.suite import coordination_promises

__all__ = ["Participants", "coordination_promises"]
