"""The least that a server of this kind does: ``python -m benchmarks.empty_handler``.

One handler that does nothing, in the framework and the server that ``tasker serve`` uses,
set up as it sets them up. Prints its URL once it listens.
"""

from __future__ import annotations

import gc

import uvicorn
from litestar import Litestar, post

from tasker.server.config import ServeConfig
from tasker.server.running import listen


@post("/", status_code=201)
async def empty() -> None:
    """Do nothing."""


def main() -> None:
    """Serve for ever."""
    app = Litestar([empty], logging_config=None, openapi_config=None)
    bound = listen(ServeConfig(port=0))
    bound.listen()
    print(f"http://127.0.0.1:{bound.getsockname()[1]}/", flush=True)
    gc.collect()
    gc.freeze()
    config = uvicorn.Config(
        app, lifespan="off", log_config=None, access_log=False, server_header=False
    )
    uvicorn.Server(config).run(sockets=[bound])


if __name__ == "__main__":
    main()
