"""The input of the examples: generated on first use, always the same."""

from examples.data.generate import (
    GENERATED,
    ensure_data,
    read_carts,
    read_rows,
    read_stock,
)

__all__ = ["GENERATED", "ensure_data", "read_carts", "read_rows", "read_stock"]
