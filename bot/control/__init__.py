"""Local control: a Unix socket beside the journal that only its owner can open."""
