"""The pure core: reports, identity, judging and the lifecycle. No I/O, no clock, no database."""
