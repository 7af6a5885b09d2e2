"""The HTTP routes: webhooks, Slack requests, pages, health and metrics."""
