"""What is believed of what was read: staleness, pool prices, vanished and jumped positions."""
