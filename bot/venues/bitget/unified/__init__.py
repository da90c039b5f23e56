"""Bitget's unified trading account (interface v3), USDT-M futures."""
