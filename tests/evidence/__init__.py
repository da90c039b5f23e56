"""What docs/evidence.md shows: published results and the defaults' reasons, each by one command."""
