"""The rules of quarantine: policy, lifecycle, owners, escalation and release."""
