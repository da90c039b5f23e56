"""Concentrated liquidity behind a manager of NFTs: what its protocols share; a protocol is a layout record."""
