"""Liquidity: exposure, prices and the deposits' cost basis."""
