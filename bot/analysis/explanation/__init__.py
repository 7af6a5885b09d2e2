"""Explaining a status: the evidence about a case, and what would change it."""
