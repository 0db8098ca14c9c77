"""What every store must pass: a plain async function for each promise.

To check a store of your own, say how a fresh database of it is made (`Database`)
and run every check that applies on one of its own::

    for check in checks():
        if check.applies_to(capabilities):
            await check.run(new_empty_database())
"""

from tasker.stores.contract.database import Capabilities, Database
from tasker.stores.contract.expect import BrokenPromiseError
from tasker.stores.contract.suite import Check, checks

__all__ = ["BrokenPromiseError", "Capabilities", "Check", "Database", "checks"]
