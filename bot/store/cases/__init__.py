"""Cases: their identity, names, clusters and failures."""
