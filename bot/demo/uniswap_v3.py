"""Uniswap V3 on the local chain: transactions to mine, and what the contracts themselves say. Amounts are raw units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import Final

from bot.core.types import Address
from bot.demo.blocks import Block, RevertedError
from bot.demo.chain import LocalChain
from bot.demo.tx import MAX_UINT128, MAX_UINT256, MUCH_GAS, Tx, address_of, calldata, decoded

TICK_SPACING: Final = {100: 1, 500: 10, 3000: 60, 10000: 200}
"""Tick spacing by fee, which is in hundredths of a basis point (3000 is 0.3%)."""
MIN_SQRT_PRICE: Final = 4295128739
MAX_SQRT_PRICE: Final = 1461446703485210103287273052203988822378723970342
_TRANSFER: Final = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
_ZERO_TOPIC: Final = "0x" + 64 * "0"


def sqrt_price_x96(price: Fraction) -> int:
    """Return floor(sqrt(price) * 2^96) of a price in raw token1 per raw token0."""
    return isqrt((price.numerator << 192) // price.denominator)


@dataclass(frozen=True, slots=True)
class Payout:
    """What a full withdrawal would pay now: ``total`` by collect, of which ``principal`` from the decrease."""

    principal0: int
    principal1: int
    total0: int
    total1: int


@dataclass(frozen=True, slots=True)
class PositionInfo:
    """``positions(tokenId)``, without the allowance."""

    token0: Address
    token1: Address
    fee: int
    tick_lower: int
    tick_upper: int
    liquidity: int
    fee_growth_inside0: int
    fee_growth_inside1: int
    tokens_owed0: int
    tokens_owed1: int


@dataclass(frozen=True, slots=True)
class PoolKey:
    """A pool by its tokens, in order, and its fee in hundredths of a basis point."""

    token0: Address
    token1: Address
    fee: int

    @classmethod
    def of(cls, token_a: Address, token_b: Address, fee: int) -> PoolKey:
        """Put two tokens in order."""
        token0, token1 = sorted((token_a, token_b), key=lambda token: int(token, 16))
        return cls(token0, token1, fee)


class UniswapV3:
    """The V3 factory, its pools, the swap router and the NonfungiblePositionManager."""

    get_pool = "getPool(address,address,uint24)"
    """The factory's function that finds a pool by its key."""
    state = "slot0()"
    """A pool's function whose answer begins with sqrtPriceX96 and tick."""

    def __init__(self, chain: LocalChain) -> None:
        self._chain = chain
        self._factory = chain.at.v3_factory
        self._npm = chain.at.v3_positions

    async def create_pool(self, key: PoolKey, sqrt_price: int) -> Address:
        """Create and initialise a pool in a block of its own."""
        signature = "createAndInitializePoolIfNecessary(address,address,uint24,uint160)"
        data = calldata(signature, key.token0, key.token1, key.fee, sqrt_price)
        await self._chain.mine(Tx(self._chain.accounts[0], self._npm, data, gas=MUCH_GAS))
        return await self.pool(key)

    async def pool(self, key: PoolKey) -> Address:
        """Return a pool's address; the zero address where there is none."""
        args = (key.token0, key.token1, key.fee)
        found = await self._chain.view(self._factory, "(address)", self.get_pool, *args)
        return address_of(found[0])

    def mint(self, owner: Address, key: PoolKey, ticks: tuple[int, int], amount0: int, amount1: int) -> Tx:
        """Open a position with at most these amounts; the id is in the block: `minted_ids`."""
        signature = "mint((address,address,uint24,int24,int24,uint256,uint256,uint256,uint256,address,uint256))"
        params = (key.token0, key.token1, key.fee, *ticks, amount0, amount1, 0, 0, owner, MAX_UINT256)
        return Tx(owner, self._npm, calldata(signature, params))

    async def open(self, owner: Address, key: PoolKey, ticks: tuple[int, int], amounts: tuple[int, int]) -> int:
        """Open a position in a block of its own and give its token id."""
        return self.minted_ids(await self._chain.mine(self.mint(owner, key, ticks, *amounts)))[0]

    def minted_ids(self, block: Block) -> tuple[int, ...]:
        """Return the token ids that a block's transactions minted, in order."""
        return minted_by(self._npm, block)

    def increase(self, owner: Address, token_id: int, amount0: int, amount1: int) -> Tx:
        """Add liquidity to a position with at most these amounts."""
        signature = "increaseLiquidity((uint256,uint256,uint256,uint256,uint256,uint256))"
        return Tx(owner, self._npm, calldata(signature, (token_id, amount0, amount1, 0, 0, MAX_UINT256)))

    def decrease(self, owner: Address, token_id: int, liquidity: int) -> Tx:
        """Take liquidity out; its tokens are then owed to the position until they are collected."""
        return Tx(owner, self._npm, _decrease(token_id, liquidity))

    def collect(self, owner: Address, token_id: int) -> Tx:
        """Collect all that is owed, fees included, to the owner."""
        return Tx(owner, self._npm, _collect(token_id, owner))

    def burn(self, owner: Address, token_id: int) -> Tx:
        """Burn the token of an emptied and collected position."""
        return Tx(owner, self._npm, calldata("burn(uint256)", token_id))

    def close(self, owner: Address, token_id: int, liquidity: int) -> Tx:
        """Decrease by all of its liquidity, collect and burn, in one transaction."""
        steps = [_decrease(token_id, liquidity), _collect(token_id, owner), calldata("burn(uint256)", token_id)]
        return Tx(owner, self._npm, calldata("multicall(bytes[])", steps))

    def swap(self, trader: Address, key: PoolKey, amount_in: int, *, zero_for_one: bool, limit: int = 0) -> Tx:
        """Swap an exact input, of token0 if ``zero_for_one``; less where ``limit`` (sqrtPriceX96) is reached."""
        token_in, token_out = (key.token0, key.token1) if zero_for_one else (key.token1, key.token0)
        signature = "exactInputSingle((address,address,uint24,address,uint256,uint256,uint256,uint160))"
        params = (token_in, token_out, key.fee, trader, MAX_UINT256, amount_in, 0, limit)
        return Tx(trader, self._chain.at.v3_router, calldata(signature, params))

    async def slot0(self, pool: Address, block: str = "latest") -> tuple[int, int]:
        """Return a pool's sqrtPriceX96 and tick."""
        found = await self._chain.view(pool, "(uint160,int24)", self.state, block=block)
        return found[0], found[1]

    async def position(self, token_id: int, block: str = "latest") -> PositionInfo:
        """Read a position."""
        types = "(uint96,address,address,address,uint24,int24,int24,uint128,uint256,uint256,uint128,uint128)"
        found = await self._chain.view(self._npm, types, "positions(uint256)", token_id, block=block)
        return PositionInfo(address_of(found[2]), address_of(found[3]), *found[4:])

    async def owner(self, token_id: int, block: str = "latest") -> Address:
        """Return who holds a position; the zero address where nobody does."""
        found = await self._chain.view(self._npm, "(address)", "ownerOf(uint256)", token_id, block=block)
        return address_of(found[0])

    async def pays(self, token_id: int, block: str = "latest", unstaking: Sequence[Tx] = ()) -> Payout:
        """Ask the contracts what a full decrease and collect would pay now: a static call by the owner.

        Args:
            token_id: the position.
            block: after which the call is made.
            unstaking: what would give a staked position back to its owner first.

        Raises:
            RevertedError: there is no such position.
        """
        owner = unstaking[0].sender if unstaking else await self.owner(token_id, block)
        liquidity = (await self.position(token_id, block)).liquidity
        steps = [_decrease(token_id, liquidity)] if liquidity else []
        steps.append(_collect(token_id, owner))
        taking = Tx(owner, self._npm, calldata("multicall(bytes[])", steps))
        (answers,) = decoded("(bytes[])", await self._chain.answer(*unstaking, taking, block=block))
        if len(answers) != len(steps):
            raise RevertedError(f"the position manager answered {len(answers)} of {len(steps)} calls")
        principal = decoded("(uint256,uint256)", answers[0]) if liquidity else (0, 0)
        return Payout(*principal, *decoded("(uint256,uint256)", answers[-1]))


def minted_by(manager: Address, block: Block) -> tuple[int, ...]:
    """Return the ids of the NFTs of a manager that a block's transactions minted, in order."""
    logs = (log for receipt in block.receipts for log in receipt["logs"])
    return tuple(
        int(log["topics"][3], 16)
        for log in logs
        if address_of(log["address"]) == manager and log["topics"][:2] == [_TRANSFER, _ZERO_TOPIC]
    )


def _decrease(token_id: int, liquidity: int) -> bytes:
    signature = "decreaseLiquidity((uint256,uint128,uint256,uint256,uint256))"
    return calldata(signature, (token_id, liquidity, 0, 0, MAX_UINT256))


def _collect(token_id: int, receiver: Address) -> bytes:
    return calldata("collect((uint256,address,uint128,uint128))", (token_id, receiver, MAX_UINT128, MAX_UINT128))
