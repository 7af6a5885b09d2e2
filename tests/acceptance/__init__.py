"""Acceptance runs over a folder of reports or histories that is not part of the project."""
