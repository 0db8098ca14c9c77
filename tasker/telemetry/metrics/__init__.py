"""Counts and figures of an engine, for Prometheus and for exporters."""
