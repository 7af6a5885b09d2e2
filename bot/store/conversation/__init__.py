"""What is posted in Slack: notices, messages, and who subscribed to what."""
