"""Venues behind the Exchange port."""
