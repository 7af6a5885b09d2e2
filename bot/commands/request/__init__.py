"""How a request from Slack is served: understood, authorized, handled once, and answered."""
