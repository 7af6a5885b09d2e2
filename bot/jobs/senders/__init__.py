"""Senders of notices, one module per family of kinds."""
