"""The HTTP doors: webhooks, Slack requests, health and metrics."""
