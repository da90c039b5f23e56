"""A local chain with the real Uniswap contracts, and a market that trades on its pools."""
