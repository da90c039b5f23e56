"""Servers in front of the paper exchange in real venues' own wire formats."""
