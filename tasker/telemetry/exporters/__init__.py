"""Metrics in other formats: the exporters that come along, and the contract for others."""
