"""Slack's Web API, and the messages, modals and home views FlakeGuard shows."""
