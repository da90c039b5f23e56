"""dnbot: a delta-neutral rebalancing daemon for AMM liquidity providers."""
