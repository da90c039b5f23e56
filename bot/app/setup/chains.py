"""Chains that are known by name, so that a user need not look up numbers; any other one is named by its id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class KnownChain:
    """A chain.

    Attributes:
        name: what its table is called.
        chain_id: its EIP-155 id.
        endpoint: a public endpoint, slow and limited, for a first look; empty where there is none.
        reference_pools: deep pools that value what one's own pools can't.
        is_main: whether its coins are worth something.
    """

    name: str
    chain_id: int
    endpoint: str = ""
    reference_pools: tuple[str, ...] = ()
    is_main: bool = True


CHAINS: Final = (
    KnownChain(
        "ethereum",
        1,
        "https://ethereum-rpc.publicnode.com",
        ("0x88e6A0c2dDD26FEEb64F039a2c41296FcB3f5640", "0x99ac8cA7087fA4A2A1FB6357269965A2014ABc35"),
    ),
    KnownChain("base", 8453, "https://mainnet.base.org", ("0xd0b53D9277642d899DF5C87A3966A349A798F224",)),
    KnownChain("arbitrum", 42161, "https://arb1.arbitrum.io/rpc"),
    KnownChain("optimism", 10, "https://mainnet.optimism.io"),
    KnownChain("polygon", 137, "https://polygon-bor-rpc.publicnode.com"),
    KnownChain("bsc", 56, "https://bsc-rpc.publicnode.com"),
    KnownChain("sepolia", 11155111, "https://ethereum-sepolia-rpc.publicnode.com", is_main=False),
    KnownChain("local", 31337, "http://127.0.0.1:8545", is_main=False),
)


def chain_named(text: str) -> KnownChain:
    """Return a chain by its name, or by its id, which need not be a known one.

    Raises:
        ValueError: it is neither.
    """
    word = text.strip().lower()
    for chain in CHAINS:
        if word in {chain.name, str(chain.chain_id)}:
            return chain
    if word.isdecimal() and int(word):
        return KnownChain(f"chain{int(word)}", int(word))
    raise ValueError(f"write a chain's id, or one of {', '.join(chain.name for chain in CHAINS)}")


def require_chain(chain: KnownChain, found: int) -> None:
    """Check that an endpoint is of the chain that was asked for.

    Raises:
        ConfigError: it is of another one.
    """
    if found != chain.chain_id:
        other = next((one.name for one in CHAINS if one.chain_id == found), str(found))
        raise ConfigError(f"this endpoint is of {other} (chain id {found}), not of {chain.name} ({chain.chain_id})")
