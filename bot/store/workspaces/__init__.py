"""Slack workspaces, linked GitHub accounts, tokens and repositories."""
