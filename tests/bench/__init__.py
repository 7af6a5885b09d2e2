"""Figures, each beside a floor or a peer of the same run: `make bench`.

One module per subject, each with a `main()` that prints its figures. Machines differ and are noisy: read the
ratios, not the seconds.
"""
