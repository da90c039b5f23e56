"""Tokens that are known by their address, on the chains where the usual ones stand for certain.

An address proves what a symbol only claims. Staked tokens have a rate that moves, so they must be configured.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.core.types import USD, Address, ChainId, Underlying

ETH, BTC, BNB, POL, AVAX = map(Underlying, ("ETH", "BTC", "BNB", "POL", "AVAX"))

_CHAINS: Final[Mapping[int, Mapping[Underlying, tuple[str, ...]]]] = {
    1: {  # Ethereum
        ETH: ("0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",),
        BTC: ("0x2260FAC5E5542a773Aa44fBCfeDf7C193bc2C599", "0xcbB7C0000aB88B473b1f5aFd9ef808440eed33Bf"),
        USD: (
            "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
            "0xdAC17F958D2ee523a2206206994597C13D831ec7",
            "0x6B175474E89094C44Da98b954EedeAC495271d0F",
        ),
    },
    10: {  # OP Mainnet
        ETH: ("0x4200000000000000000000000000000000000006",),
        BTC: ("0x68f180fcCe6836688e9084f035309E29Bf0A2095",),
        USD: (
            "0x0b2C639c533813f4Aa9D7837CAf62653d097Ff85",
            "0x7F5c764cBc14f9669B88837ca1490cCa17c31607",
            "0x94b008aA00579c1307B0EF2c499aD98a8ce58e58",
            "0xDA10009cBd5D07dd0CeCc66161FC93D7c9000da1",
        ),
    },
    56: {  # BNB Smart Chain
        BNB: ("0xbb4CdB9CBd36B01bD1cBaEBF2De08d9173bc095c",),
        BTC: ("0x7130d2A12B9BCbFAe4f2634d864A1Ee1Ce3Ead9c",),
        ETH: ("0x2170Ed0880ac9A755fd29B2688956BD959F933F8",),
        USD: ("0x55d398326f99059fF775485246999027B3197955", "0x8AC76a51cc950d9822D68b83fE1Ad97B32Cd580d"),
    },
    137: {  # Polygon
        POL: ("0x0d500B1d8E8eF31E21C99d1Db9A6444d3ADf1270",),
        ETH: ("0x7ceB23fD6bC0adD59E62ac25578270cFf1b9f619",),
        BTC: ("0x1BFD67037B42Cf73acF2047067bd4F2C47D9BfD6",),
        USD: (
            "0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359",
            "0x2791Bca1f2de4661ED88A30C99A7a9449Aa84174",
            "0xc2132D05D31c914a87C6611C10748AEb04B58e8F",
        ),
    },
    8453: {  # Base
        ETH: ("0x4200000000000000000000000000000000000006",),
        BTC: ("0xcbB7C0000aB88B473b1f5aFd9ef808440eed33Bf",),
        USD: (
            "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913",
            "0xd9aAEc86B65D86f6A7B5B1b0c42FFA531710b6CA",
            "0x50c5725949A6F0c72E6C4a641F24049A917DB0Cb",
        ),
    },
    42161: {  # Arbitrum One
        ETH: ("0x82aF49447D8a07e3bd95BD0d56f35241523fBab1",),
        BTC: ("0x2f2a2543B76A4166549F7aaB2e75Bef0aefC5B0f",),
        USD: (
            "0xaf88d065e77c8cC2239327C5EDb3A432268e5831",
            "0xFF970A61A04b1cA14834A43f5dE4533eBDDB5CC8",
            "0xFd086bC7CD5C481DCC9C85ebE478A1C0b69FCbb9",
            "0xDA10009cBd5D07dd0CeCc66161FC93D7c9000da1",
        ),
    },
    43114: {  # Avalanche
        AVAX: ("0xB31f66AA3C1e785363F0875A1B74E27b85FD66c7",),
        ETH: ("0x49D5c2BdFfac6CE2BFdB6640F4F80f226bc10bAB",),
        BTC: ("0x152b9d0FdC40C096757F570A51E494bd4b943E50",),
        USD: ("0xB97EF9Ef8734C71904D8002F8b6Bc66Dd9c48a6E", "0x9702230A8Ea53601f5cD2dc00fDBc13d4dF4A8c7"),
    },
}

BY_ADDRESS: Final[Mapping[ChainId, Mapping[Address, Underlying]]] = {
    ChainId(chain): {Address(token): underlying for underlying, tokens in known.items() for token in tokens}
    for chain, known in _CHAINS.items()
}
"""What each known token is a claim on, one unit per whole token."""
