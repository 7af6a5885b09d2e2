"""A Slack workspace on 127.0.0.1: its Web API, its people, and what it sends to the bot."""
