"""The suite of a case, as outages of a suite are told."""

from __future__ import annotations


def outage_suite(file: str, class_name: str, suite: str) -> str:
    """The directory of a case's file; without a file its class, else the innermost suite of the report."""
    return file.rpartition("/")[0] if file else class_name or suite
