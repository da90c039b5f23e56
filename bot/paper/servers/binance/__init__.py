"""Binance USDⓈ-M futures REST: ``/fapi/v1`` to ``v3``, and what ccxt reads of ``/sapi`` at start-up.

Source of routes, fields and codes: developers.binance.com, USDⓈ-M futures.
"""
