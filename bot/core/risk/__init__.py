"""Guards, margin, stops and loss limits."""
