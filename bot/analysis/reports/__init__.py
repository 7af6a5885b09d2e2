"""Reading test reports: from the artifacts of one attempt of a run to its cases and their results."""
