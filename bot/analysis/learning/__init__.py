"""A small model on top of the filter, trained on people's verdicts used only if it is measurably better (ADR 11)."""
