"""Servers in front of the paper exchange that speak Binance's and Bitget's own wire formats."""
