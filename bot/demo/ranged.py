"""The scene's pool of ether and USDC whose positions lie between two ticks, of whichever protocol is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from bot.core.types import Address
from bot.demo.chain import Block, Erc20, LocalChain
from bot.demo.tx import Tx
from bot.demo.uniswap_v3 import MAX_SQRT_PRICE, MIN_SQRT_PRICE, TICK_SPACING, Payout, PoolKey, UniswapV3
from bot.demo.uniswap_v4 import NATIVE, Key, UniswapV4

FEE: Final = 500
"""Hundredths of a basis point: 0.05%."""
SPACING: Final = TICK_SPACING[FEE]


@dataclass(frozen=True, slots=True)
class Range:
    """Where a position lies, and its liquidity."""

    lower: int
    upper: int
    liquidity: int


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


class V3Pool:
    """Implements RangedPool."""

    protocol: Final = "uniswap_v3"
    word: Final = "V3"

    def __init__(self, chain: LocalChain) -> None:
        self._chain, self._v3 = chain, UniswapV3(chain)
        self.tokens = by_address(chain.at.usdc, chain.at.weth)
        self._key = PoolKey(self.tokens[0].address, self.tokens[1].address, FEE)
        self._pool: Address | None = None

    @classmethod
    async def deploy(cls, chain: LocalChain) -> RangedPool:
        """Return the pool; its contracts stand on every local chain."""
        return cls(chain)

    def deployment(self) -> Mapping[str, object]:
        """Return its table in the daemon's configuration."""
        return {"position_manager": self._chain.at.v3_positions}

    async def create(self, sqrt_price: int) -> None:
        """Create the pool."""
        self._pool = await self._v3.create_pool(self._key, sqrt_price)

    async def allow(self, account: Address) -> None:
        """Do nothing: the chain's ``fund`` lets these contracts take tokens."""

    async def mint(self, owner: Address, ticks: tuple[int, int], amounts: tuple[int, int]) -> Tx:
        """Open a position."""
        return self._v3.mint(owner, self._key, ticks, *amounts)

    async def more(self, owner: Address, token_id: int, amounts: tuple[int, int]) -> Tx:
        """Add to a position."""
        return self._v3.increase(owner, token_id, *amounts)

    def less(self, owner: Address, token_id: int, liquidity: int) -> Sequence[Tx]:
        """Take liquidity and all fees out."""
        return [self._v3.decrease(owner, token_id, liquidity), self._v3.collect(owner, token_id)]

    def close(self, owner: Address, token_id: int, liquidity: int) -> Tx:
        """Take everything out and burn the token."""
        return self._v3.close(owner, token_id, liquidity)

    def swap(self, trader: Address, amount_in: int, *, zero_for_one: bool, limit: int = 0) -> Tx:
        """Swap an exact input."""
        return self._v3.swap(trader, self._key, amount_in, zero_for_one=zero_for_one, limit=limit)

    async def price(self, block: str = "latest") -> tuple[int, int]:
        """Return sqrtPriceX96 and tick."""
        if self._pool is None:
            self._pool = await self._v3.pool(self._key)
        return await self._v3.slot0(self._pool, block)

    def minted_ids(self, block: Block) -> tuple[int, ...]:
        """Return the ids that a block's transactions minted, in order."""
        return self._v3.minted_ids(block)

    async def range(self, token_id: int) -> Range:
        """Read a position."""
        held = await self._v3.position(token_id)
        return Range(held.tick_lower, held.tick_upper, held.liquidity)

    async def pays(self, owner: Address, token_id: int) -> Payout:
        """Ask the contracts what taking everything out pays now."""
        del owner  # the position manager says whose it is
        return await self._v3.pays(token_id)


class V4Pool:
    """Implements RangedPool, with the chain's own coin."""

    protocol: Final = "uniswap_v4"
    word: Final = "V4"

    def __init__(self, v4: UniswapV4) -> None:
        self._v4 = v4
        self.tokens = Erc20(NATIVE, "ETH", 18), v4.chain.at.usdc
        self._key = Key(NATIVE, v4.chain.at.usdc.address, FEE, SPACING)

    @classmethod
    async def deploy(cls, chain: LocalChain) -> RangedPool:
        """Deploy the contracts."""
        return cls(await UniswapV4.deploy(chain))

    def deployment(self) -> Mapping[str, object]:
        """Return its table in the daemon's configuration."""
        return {"position_manager": self._v4.at.positions, "state_view": self._v4.at.view}

    async def create(self, sqrt_price: int) -> None:
        """Initialise the pool."""
        await self._v4.create_pool(self._key, sqrt_price)

    async def allow(self, account: Address) -> None:
        """Let the contracts take an account's tokens."""
        await self._v4.allow(account, [token.address for token in self.tokens])

    async def mint(self, owner: Address, ticks: tuple[int, int], amounts: tuple[int, int]) -> Tx:
        """Open a position."""
        return self._v4.mint(owner, self._key, ticks, await self._v4.liquidity_of(self._key, ticks, amounts))

    async def more(self, owner: Address, token_id: int, amounts: tuple[int, int]) -> Tx:
        """Add to a position."""
        held = await self.range(token_id)
        added = await self._v4.liquidity_of(self._key, (held.lower, held.upper), amounts)
        return self._v4.increase(owner, self._key, token_id, added)

    def less(self, owner: Address, token_id: int, liquidity: int) -> Sequence[Tx]:
        """Take liquidity and all fees out."""
        return [self._v4.decrease(owner, self._key, token_id, liquidity)]

    def close(self, owner: Address, token_id: int, liquidity: int) -> Tx:
        """Take everything out and burn the token."""
        del liquidity  # burning takes it out
        return self._v4.burn(owner, self._key, token_id)

    def swap(self, trader: Address, amount_in: int, *, zero_for_one: bool, limit: int = 0) -> Tx:
        """Swap an exact input."""
        farthest = MIN_SQRT_PRICE + 1 if zero_for_one else MAX_SQRT_PRICE - 1
        return self._v4.swap(trader, self._key, amount_in, limit or farthest, zero_for_one=zero_for_one)

    async def price(self, block: str = "latest") -> tuple[int, int]:
        """Return sqrtPriceX96 and tick."""
        return await self._v4.slot0(self._key, block)

    def minted_ids(self, block: Block) -> tuple[int, ...]:
        """Return the ids that a block's transactions minted, in order."""
        return self._v4.minted_ids(block)

    async def range(self, token_id: int) -> Range:
        """Read a position."""
        held = await self._v4.position(token_id)
        return Range(held.tick_lower, held.tick_upper, held.liquidity)

    async def pays(self, owner: Address, token_id: int) -> Payout:
        """Ask the contracts what taking everything out pays now."""
        return await self._v4.pays(owner, self._key, token_id, (await self.range(token_id)).liquidity)


RANGED: Final = {pool.protocol: pool.deploy for pool in (V3Pool, V4Pool)}
"""What makes the scene's pool, by the protocol's name."""


def by_address(token_a: Erc20, token_b: Erc20) -> tuple[Erc20, Erc20]:
    """Put two tokens in the order that pools have them in."""
    token0, token1 = sorted((token_a, token_b), key=lambda token: int(token.address, 16))
    return token0, token1
