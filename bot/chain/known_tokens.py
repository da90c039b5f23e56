"""Tokens that are known by their address, and the chains on which a symbol may be believed instead.

An address proves what a symbol only claims. A staked token's rate moves: it is read from the contract that sets it. On
a chain that is not in this table nothing is known of any token; only where no money can be lost (a local node, a named
testnet) is a well-known symbol believed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.chain.config import RateSource
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
            "0xdC035D45d973E3EC169d2276DDab16f1e407384F",
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
    130: {  # Unichain
        ETH: ("0x4200000000000000000000000000000000000006",),
        USD: ("0x078D782b760474a361dDA0AF3839290b0EF57AD6",),
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
    324: {  # ZKsync Era
        ETH: ("0x5AEa5775959fBC2557Cc8789bC1bf90A239D9a91",),
        BTC: ("0xBBeB516fb02a01611cBBE0453Fe3c580D7281011",),
        USD: ("0x3355df6D4c9C3035724Fd0e3914dE96A5a83aaf4", "0x493257fD37EDB34451f62EDf8D2a0C418852bA4C"),
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
    59144: {  # Linea
        ETH: ("0xe5D7C2a44FfDDf6b295A15c148167daaAf5Cf34f",),
        BTC: ("0x3aAB2285ddcDdaD8edf438C1bAB47e1a9D05a9b4",),
        USD: ("0x176211869cA2b568f2A7D4EE941E073a821EE1ff", "0xA219439258ca9da29E9Cc4cE5596924745e12B93"),
    },
    534352: {  # Scroll
        ETH: ("0x5300000000000000000000000000000000000004",),
        BTC: ("0x3C1BCa5a656e69edCD0D4E36BEbb3FcDAcA60Cf1",),
        USD: ("0x06eFdBFf2a14a7c8E15944D1F4A48F9F95F663A4", "0xf55BEC9cafDbE8730f096Aa55dad6D22d44099Df"),
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

RATED: Final[Mapping[ChainId, Mapping[Address, tuple[Underlying, RateSource]]]] = {
    ChainId(1): {
        Address("0x7f39C581F595B53c5cb19bD0b3f8dA6c935E2Ca0"): (ETH, RateSource.ST_ETH_PER_TOKEN),  # wstETH
        Address("0xae78736Cd615f374D3085123A210448E74Fc6393"): (ETH, RateSource.GET_EXCHANGE_RATE),  # rETH
        Address("0xCd5fE23C85820F7B72D0926FC9b05b43E359b7ee"): (ETH, RateSource.GET_RATE),  # weETH
        Address("0x83F20F44975D03b1b09e64809B757c47f942BEeA"): (USD, RateSource.ERC4626),  # sDAI
    },
}
"""Tokens whose rate a contract reports, and that contract."""

NATIVE: Final = Address("0x0000000000000000000000000000000000000000")
"""What stands for a chain's own coin where it is traded without a wrapper; no contract is there."""
NATIVE_DECIMALS: Final = 18
_COINS: Final = {BNB: (56, 97), POL: (137, 80002), AVAX: (43114, 43113)}

LOCAL_CHAINS: Final[frozenset[int]] = frozenset((1337, 31337, 412346))
"""Local nodes: geth and Ganache, anvil and Hardhat, Nitro."""

SYMBOL_CHAINS: Final[frozenset[ChainId]] = frozenset(
    map(
        ChainId,
        (
            *LOCAL_CHAINS,
            *(11155111, 17000, 560048),  # Sepolia, Holesky, Hoodi
            *(84532, 11155420, 421614, 1301, 80002, 97, 43113, 59141, 534351, 300),  # those of the chains above
        ),
    )
)
"""Local nodes and named testnets: a well-known symbol is believed there, of the first address that carries it."""

NATIVE_COINS: Final[Mapping[ChainId, Underlying]] = {
    **dict.fromkeys((*BY_ADDRESS, *SYMBOL_CHAINS), ETH),
    **{ChainId(chain): coin for coin, chains in _COINS.items() for chain in chains},
}
"""What a chain's own coin is, one unit per whole coin; most take ether."""
