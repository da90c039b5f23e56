"""Bitget v2 mix REST (USDT-M futures, classic account), and what ccxt reads elsewhere at start-up.

Source of routes, fields and codes: bitget.com/api-doc, classic account; Bitget publishes no complete list of codes.
"""
