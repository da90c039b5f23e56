"""The scene's pool of WBTC and ether whose positions are LP tokens, of whichever protocol is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from bot.core.types import Address
from bot.demo.chain import Erc20
from bot.demo.tx import Tx


class FullRangePool(Protocol):
    """One pool over all prices with a fee of 0.3%; amounts are raw units of ``tokens``, in their order."""

    @property
    def protocol(self) -> str:
        """The protocol's name in the registry."""

    @property
    def word(self) -> str:
        """What the view calls it."""

    @property
    def has_farm(self) -> bool:
        """Whether LP tokens can be staked."""

    @property
    def address(self) -> Address:
        """The pool's, and its LP tokens'."""

    @property
    def tokens(self) -> tuple[Erc20, Erc20]:
        """Both tokens, in order."""

    def deployment(self) -> Mapping[str, object]:
        """Return its table in the daemon's configuration."""

    async def allow(self, account: Address) -> None:
        """Let its contracts take an account's tokens."""

    def add(self, owner: Address, amounts: tuple[int, int]) -> Tx:
        """Add at most these amounts, in the pool's ratio."""

    def remove(self, owner: Address, liquidity: int) -> Sequence[Tx]:
        """Burn LP tokens, and take all fees."""

    def stake(self, owner: Address, liquidity: int) -> Sequence[Tx]:
        """Stake LP tokens."""

    def unstake(self, owner: Address, liquidity: int) -> Sequence[Tx]:
        """Take LP tokens back, and what they have earned."""

    def swap(self, trader: Address, amount_in: int, *, zero_for_one: bool) -> Tx:
        """Swap an exact input."""

    async def reserves(self, block: str = "latest") -> tuple[int, int]:
        """Return the stored reserves."""

    async def held(self, owner: Address) -> tuple[int, int]:
        """Return an owner's LP tokens, and those that are staked."""

    async def pays(self, owner: Address) -> tuple[int, int]:
        """Ask the contracts what taking everything out pays now."""
