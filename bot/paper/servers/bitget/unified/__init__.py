"""Bitget v3 REST and streams (USDT-M futures, unified account), and what ccxt reads elsewhere at start-up.

Source of routes, fields and codes: bitget.com/api-doc, unified trading account.
"""
