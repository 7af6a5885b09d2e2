"""A Slack workspace and a GitHub on 127.0.0.1, for the demo and for the tests."""
