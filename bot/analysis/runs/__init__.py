"""Runs put together: what the reports of a run hold and lack, and recorded histories of runs."""
