"""Orders that are listened to: figures, alerts, and what is sold."""
