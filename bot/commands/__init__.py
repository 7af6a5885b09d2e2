"""The Slack doors: slash commands, buttons and modals."""
