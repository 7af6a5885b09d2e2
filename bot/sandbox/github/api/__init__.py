"""The REST API, as far as an App uses it that reads runs and writes check runs."""
