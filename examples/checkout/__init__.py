"""The checkout of a web shop, from cart to confirmation, over services that fail."""
