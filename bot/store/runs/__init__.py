"""Deliveries, runs, and the results their reports hold."""
