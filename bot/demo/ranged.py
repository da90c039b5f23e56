"""The scene's pool of ether and USDC whose positions lie between two ticks, of whichever protocol is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, Self, TypeVar

from bot.core.types import NOBODY, Address
from bot.demo.blocks import Block
from bot.demo.chain import Erc20, LocalChain, by_address
from bot.demo.fork import Fork
from bot.demo.tx import Tx
from bot.demo.uniswap_v3 import MAX_SQRT_PRICE, MIN_SQRT_PRICE, TICK_SPACING, Payout, PoolKey, UniswapV3

FEE: Final = 500
"""Hundredths of a basis point: 0.05%."""
SPACING: Final = TICK_SPACING[FEE]


@dataclass(frozen=True, slots=True)
class Range:
    """Where a position lies, and its liquidity."""

    lower: int
    upper: int
    liquidity: int


C = TypeVar("C", bound=UniswapV3)
F = TypeVar("F", bound=Fork)


class RangedPool(Protocol):
    """One pool, and whoever has positions in it; amounts are raw units of ``tokens``, in their order."""

    @property
    def protocol(self) -> str:
        """The protocol's name in the registry."""

    @property
    def word(self) -> str:
        """What the view calls it."""

    @property
    def tokens(self) -> tuple[Erc20, Erc20]:
        """Both tokens, in order."""

    @property
    def spacing(self) -> int:
        """What its ticks are multiples of."""

    @property
    def has_farm(self) -> bool:
        """Whether positions can be staked."""

    def deployment(self) -> Mapping[str, object]:
        """Return its table in the daemon's configuration."""

    async def create(self, sqrt_price: int) -> None:
        """Create the pool in a block of its own."""

    async def allow(self, account: Address) -> None:
        """Let its contracts take an account's tokens."""

    async def mint(self, owner: Address, ticks: tuple[int, int], amounts: tuple[int, int]) -> Tx:
        """Open a position of about these amounts."""

    async def more(self, owner: Address, token_id: int, amounts: tuple[int, int]) -> Tx:
        """Add about these amounts to a position."""

    def less(self, owner: Address, token_id: int, liquidity: int) -> Sequence[Tx]:
        """Take liquidity and all fees out."""

    def close(self, owner: Address, token_id: int, liquidity: int) -> Tx:
        """Take everything out and burn the token."""

    def stake(self, owner: Address, token_id: int) -> Sequence[Tx]:
        """Stake a position."""

    def unstake(self, owner: Address, token_id: int) -> Sequence[Tx]:
        """Take a staked position back, and what it has earned."""

    def swap(self, trader: Address, amount_in: int, *, zero_for_one: bool, limit: int = 0) -> Tx:
        """Swap an exact input; less where ``limit`` (sqrtPriceX96) is reached."""

    async def price(self, block: str = "latest") -> tuple[int, int]:
        """Return sqrtPriceX96 and tick."""

    def minted_ids(self, block: Block) -> tuple[int, ...]:
        """Return the ids that a block's transactions minted, in order."""

    async def range(self, token_id: int) -> Range:
        """Read a position."""

    async def pays(self, owner: Address, token_id: int) -> Payout:
        """Ask the contracts what taking everything out pays now."""


class ManagedPool(Generic[C]):
    """Implements RangedPool for what a position manager like Uniswap V3's keeps."""

    protocol: str
    word: str
    has_farm = False
    spacing = SPACING

    def __init__(self, chain: LocalChain, contracts: C, fee: int = FEE) -> None:
        self._chain, self._contracts = chain, contracts
        self.tokens = by_address(chain.at.usdc, chain.at.weth)
        self._key = PoolKey(self.tokens[0].address, self.tokens[1].address, fee)
        self._pool = NOBODY

    async def create(self, sqrt_price: int) -> None:
        """Create the pool."""
        self._pool = await self._contracts.create_pool(self._key, sqrt_price)

    async def mint(self, owner: Address, ticks: tuple[int, int], amounts: tuple[int, int]) -> Tx:
        """Open a position."""
        return self._contracts.mint(owner, self._key, ticks, *amounts)

    async def more(self, owner: Address, token_id: int, amounts: tuple[int, int]) -> Tx:
        """Add to a position."""
        return self._contracts.increase(owner, token_id, *amounts)

    def less(self, owner: Address, token_id: int, liquidity: int) -> Sequence[Tx]:
        """Take liquidity and all fees out."""
        return [self._contracts.decrease(owner, token_id, liquidity), self._contracts.collect(owner, token_id)]

    def close(self, owner: Address, token_id: int, liquidity: int) -> Tx:
        """Take everything out and burn the token."""
        return self._contracts.close(owner, token_id, liquidity)

    def stake(self, owner: Address, token_id: int) -> Sequence[Tx]:
        """Do nothing: there is no farm."""
        del owner, token_id
        return []

    unstake = stake

    async def price(self, block: str = "latest") -> tuple[int, int]:
        """Return sqrtPriceX96 and tick."""
        return await self._contracts.slot0(self._pool, block)

    def minted_ids(self, block: Block) -> tuple[int, ...]:
        """Return the ids that a block's transactions minted, in order."""
        return self._contracts.minted_ids(block)

    async def range(self, token_id: int) -> Range:
        """Read a position."""
        held = await self._contracts.position(token_id)
        return Range(held.tick_lower, held.tick_upper, held.liquidity)

    async def pays(self, owner: Address, token_id: int) -> Payout:
        """Ask the contracts what taking everything out pays now."""
        del owner  # the position manager says whose it is
        return await self._contracts.pays(token_id)


class V3Pool(ManagedPool[UniswapV3]):
    """Implements RangedPool; its contracts stand on every local chain."""

    protocol = "uniswap_v3"
    word = "V3"

    @classmethod
    async def deploy(cls, chain: LocalChain) -> Self:
        """Return the pool."""
        return cls(chain, UniswapV3(chain))

    def deployment(self) -> Mapping[str, object]:
        """Return its table in the daemon's configuration."""
        return {"position_manager": self._chain.at.v3_positions}

    async def allow(self, account: Address) -> None:
        """Do nothing: the chain's ``fund`` lets these contracts take tokens."""

    def swap(self, trader: Address, amount_in: int, *, zero_for_one: bool, limit: int = 0) -> Tx:
        """Swap an exact input."""
        return self._contracts.swap(trader, self._key, amount_in, zero_for_one=zero_for_one, limit=limit)


class ForkPool(ManagedPool[F]):
    """Implements RangedPool for forks."""

    def deployment(self) -> Mapping[str, object]:
        """Return its table in the daemon's configuration."""
        return {"position_manager": self._contracts.manager}

    async def allow(self, account: Address) -> None:
        """Let the contracts take an account's tokens."""
        await self._contracts.allow(account, self.tokens)

    def swap(self, trader: Address, amount_in: int, *, zero_for_one: bool, limit: int = 0) -> Tx:
        """Swap an exact input."""
        del trader  # one contract swaps for all
        return self._contracts.trade(
            self._pool, amount_in, limit or farthest(zero_for_one=zero_for_one), zero_for_one=zero_for_one
        )


def farthest(*, zero_for_one: bool) -> int:
    """Return the last price (sqrtPriceX96) that a swap may reach."""
    return MIN_SQRT_PRICE + 1 if zero_for_one else MAX_SQRT_PRICE - 1
