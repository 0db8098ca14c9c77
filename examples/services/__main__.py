"""Serve the shop until Ctrl-C: ``python -m examples.services``."""

import argparse
import signal
from pathlib import Path

from examples.data import ensure_data, read_stock
from examples.services import BOOKS, running_shop

DEFAULT_PORT = 8099
STOP = {signal.SIGINT, signal.SIGTERM}


def main() -> None:
    """Serve on the port where the checkout's definition looks by default."""
    parser = argparse.ArgumentParser(prog="python -m examples.services", description=__doc__)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="default: %(default)s")
    parser.add_argument("--books", type=Path, default=BOOKS, help="default: %(default)s")
    options = parser.parse_args()
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP)  # before there are threads to take them
    try:
        stock = read_stock(ensure_data())
        with running_shop(stock, books=options.books, port=options.port) as shop:
            print(f"The shop is open at {shop.url}; its books: {shop.url}/summary", flush=True)
            signal.sigwait(STOP)
    except OSError as error:
        parser.exit(1, f"port {options.port} cannot be had: {error.strerror}\n")


if __name__ == "__main__":
    main()
