"""Webhooks: what a signed delivery is, and the events FlakeGuard acts on. No I/O."""
