"""What-if questions and advice, outside the cycle."""
