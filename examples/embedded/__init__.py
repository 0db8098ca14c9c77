"""The engine and its API inside a FastAPI application."""
