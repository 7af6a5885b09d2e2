"""The use cases: decide, write, record, announce. One transaction each, no network."""
