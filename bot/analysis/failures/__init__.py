"""Kinds of failure, their likely causes, and the cases that fail together."""
