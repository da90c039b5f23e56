"""From exposure to planned orders: markets, target, band, plan, execution style."""
