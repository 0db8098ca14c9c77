"""Customer analytics: eight steps from a year of orders to a dashboard."""
