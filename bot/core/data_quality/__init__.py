"""Data quality: staleness, pool prices, and positions that vanished or jumped."""
