"""Events on their way to Sentry, PagerDuty, Slack and StatsD, each a small subscriber."""
