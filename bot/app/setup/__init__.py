"""What `dnbot setup` does between its questions: chains that are known, what an address holds there, the files."""
