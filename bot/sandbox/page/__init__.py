"""The web page that shows the sandbox as its users would see it."""
