"""Reading chains through web3: endpoints, pinning, heads, one reader per protocol."""
