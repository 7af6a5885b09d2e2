"""GitHub's API and webhooks, as FlakeGuard speaks them."""
