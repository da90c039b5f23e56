"""Bitget USDT-M futures, classic accounts."""
