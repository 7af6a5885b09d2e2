"""The flakeguard command."""
