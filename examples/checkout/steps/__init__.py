"""The steps of the checkout, one module each."""
