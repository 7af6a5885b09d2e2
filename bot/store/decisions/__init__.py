"""Quarantines, mutes, policies, check runs and the audit trail."""
