"""Adapters: the ports, implemented on real things."""
