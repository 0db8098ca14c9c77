"""Benchmarks: how fast the engine is, and how that was measured."""
