"""Servers in front of the paper exchange that speak real venues' own wire formats."""
