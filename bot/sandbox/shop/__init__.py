"""A small shop with real tests, some of which flake by real mechanisms, and the process that runs them."""
