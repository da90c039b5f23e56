"""What the venue says against what the journal says."""
