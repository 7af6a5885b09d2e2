"""What the filter and people concluded about cases."""
