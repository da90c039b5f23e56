"""The scene on the chain: an owner's positions in two deep pools, and a market that trades on them, block by block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final

from bot.core.types import Address, BlockHash
from bot.demo.chain import Erc20, LocalChain
from bot.demo.full_range import FullRangePool
from bot.demo.market import (
    V2_FEE,
    nearest_tick,
    noise_sizes,
    paying_trade,
    raw_amount,
    raw_price,
    v2_arbitrage,
    v3_arbitrage,
)
from bot.demo.path import MarketPoint
from bot.demo.ranged import FEE, RangedPool, V3Pool
from bot.demo.registry import FULL_RANGE, RANGED, USUAL
from bot.demo.scenario import Action, SceneSettings, actions_by_block
from bot.demo.tx import Tx
from bot.demo.uniswap_v2 import UniswapV2, V2Pair
from bot.demo.uniswap_v3 import UniswapV3, sqrt_price_x96

OWNER: Final = Address("0x1111111111111111111111111111111111111111")
_OTHERS: Final = Address("0x2222222222222222222222222222222222222222")
_TRADER: Final = Address("0x3333333333333333333333333333333333333333")
_V3_HALF_WIDTH: Final = 1600
"""Ticks to either side of the price: ±17%."""
_FARTHEST_TICK: Final = 887_272
_LEG_USD: Final = Decimal(10_000)
_V3_LEG_USD: Final = Decimal(5_000)
_DEPTH_USD: Final = Decimal(10_000_000)
"""What the other liquidity providers hold of each token of each pool."""
_ENDLESS_USD: Final = Decimal(10) ** 11


@dataclass(frozen=True, slots=True)
class Step:
    """One block of the scene; ``index`` 0 is the block that ends the setup, at the first market point."""

    index: int
    number: int
    hash: BlockHash
    market: MarketPoint
    actions: tuple[Action, ...]
    in_range: bool | None
    """Whether the position between ticks is in range; None while there is none."""
    told: tuple[str, ...] = ()
    """The actions in words, with the pool's own name."""


@dataclass(frozen=True, slots=True)
class _Held:
    """The owner's open position between ticks."""

    token_id: int
    lower: int
    upper: int


class Scene:
    """Plays a scene on a chain: `create`, then `step` for each block, for ever if wanted (the script then repeats).

    Nothing else may mine meanwhile. A reorg between two steps is fine unless it drops an action of the owner's.
    """

    def __init__(
        self, chain: LocalChain, settings: SceneSettings, full_range: FullRangePool, ranged: RangedPool
    ) -> None:
        self.chain = chain
        self.settings = settings
        self.v2, self.v3 = UniswapV2(chain), UniswapV3(chain)
        self.full_range = full_range
        """The pool of WBTC and ether."""
        self.ranged = ranged
        """The pool of ether and USDC."""
        self._path = settings.path()
        self._noise = settings.noise()
        self._typical = _typical_trades(settings)
        self._script = actions_by_block(settings.blocks)
        self._market = next(self._path)
        self._leads = False
        self._index = 0
        self._held: _Held | None = None
        self._unstaked: tuple[Action, ...] = ()

    @classmethod
    async def create(cls, chain: LocalChain, settings: SceneSettings, protocol: str = USUAL) -> Scene:
        """Create and fill the pools at the first market prices; the last block has the time ``settings.start``.

        ``protocol``: of one of the pools, one of ``PLAYED``; the other one is Uniswap's.
        """
        at, first = chain.at, settings.points(0)[0]
        full_range = await FULL_RANGE.get(protocol, V2Pair.deploy)(chain)
        ranged = await RANGED.get(protocol, V3Pool.deploy)(chain)
        scene = cls(chain, settings, full_range, ranged)
        for account in (OWNER, _OTHERS, _TRADER):
            await chain.fund(account, {token: scene._raw(token, _ENDLESS_USD) for token in (at.weth, at.wbtc, at.usdc)})
            await full_range.allow(account)
            await ranged.allow(account)
        await ranged.create(sqrt_price_x96(_market_price(ranged.tokens, first)))
        edge = _FARTHEST_TICK // ranged.spacing * ranged.spacing
        await chain.mine(
            full_range.add(_OTHERS, scene._amounts(full_range.tokens, _DEPTH_USD)),
            await ranged.mint(_OTHERS, (-edge, edge), scene._amounts(ranged.tokens, _DEPTH_USD)),
            timestamp=settings.start,
        )
        return scene

    @property
    def pair(self) -> Address:
        """The pool of WBTC and ether."""
        return self.full_range.address

    @property
    def index(self) -> int:
        """The newest block of the scene; 0 before the first step."""
        return self._index

    @property
    def market(self) -> MarketPoint:
        """The true market: of the newest block, or of the next one where it leads."""
        return self._market

    def lead(self) -> None:
        """Let the market move on to the next block's prices, which that block's arbitrage carries into the pools."""
        if not self._leads:
            self._market, self._leads = next(self._path), True

    async def step(self) -> Step:
        """Mine the next block: noise trades, arbitrage to the market's new prices, then the owner's actions."""
        self.lead()
        self._leads = False
        self._index += 1
        await self.chain.queue(*self._noise_trades())
        trades = await self._arbitrage()
        actions = (*self._unstaked, *self._script.get((self._index - 1) % self.settings.blocks + 1, ()))
        self._unstaked = tuple(stake for opened, stake in self._stakes() if opened in actions)
        owner = [tx for action in actions for tx in await self._act(action)]
        block = await self.chain.mine(*trades, *owner, timestamp=self._market.time)
        _, tick = await self.ranged.price()
        if Action.OPEN_V3 in actions:
            token_id = self.ranged.minted_ids(block)[0]
            held = await self.ranged.range(token_id)
            self._held = _Held(token_id, held.lower, held.upper)
        if Action.CLOSE_V3 in actions:
            self._held = None
        in_range = self._held.lower <= tick < self._held.upper if self._held else None
        told = tuple(self._told(action) for action in actions)
        return Step(self._index, block.number, block.hash, self._market, actions, in_range, told)

    def _stakes(self) -> list[tuple[Action, Action]]:
        """Return what is staked in the block after it was opened."""
        pools = (self.full_range, Action.OPEN_V2, Action.STAKE_V2), (self.ranged, Action.OPEN_V3, Action.STAKE_V3)
        return [(opened, stake) for pool, opened, stake in pools if pool.has_farm]

    def _told(self, action: Action) -> str:
        """Return an action in words, with the pool's own name."""
        name, colon, words = action.value.partition(":")
        return (self.full_range if name == V2Pair.word else self.ranged).word + colon + words

    def _noise_trades(self) -> list[Tx]:
        at = self.chain.at
        txs = []
        for usd in noise_sizes(self._noise, self._typical[0]):
            first = (usd > 0) == (self.full_range.tokens[0] == at.wbtc)  # WBTC is sold above 0, and ether below
            amount = self._raw(self.full_range.tokens[0 if first else 1], Decimal(abs(usd)))
            txs.append(self.full_range.swap(_TRADER, amount, zero_for_one=first))
        for usd in noise_sizes(self._noise, self._typical[1]):
            first = (usd > 0) == (self.ranged.tokens[1] == at.usdc)  # ether is sold above 0, and USDC below
            amount = self._raw(self.ranged.tokens[0 if first else 1], Decimal(abs(usd)))
            txs.append(self.ranged.swap(_TRADER, amount, zero_for_one=first))
        return txs

    async def _arbitrage(self) -> list[Tx]:
        """Trade both pools back into their bands, as they stand after the noise trades that wait for this block."""
        txs = []
        reserves = await self.full_range.reserves("pending")
        trade = v2_arbitrage(*reserves, _market_price(self.full_range.tokens, self._market))
        if trade is not None:
            txs.append(self.full_range.swap(_TRADER, trade.amount_in, zero_for_one=trade.zero_for_one))
        pool = self.ranged.tokens
        sqrt_price, _ = await self.ranged.price("pending")
        move = v3_arbitrage(sqrt_price, _market_price(pool, self._market), Fraction(FEE, 10**6))
        if move is not None:
            most = self._raw(pool[0] if move.zero_for_one else pool[1], _DEPTH_USD * 100)
            txs.append(self.ranged.swap(_TRADER, most, zero_for_one=move.zero_for_one, limit=move.limit))
        return txs

    async def _act(self, action: Action) -> Sequence[Tx]:
        pool = self.full_range
        match action:
            case Action.OPEN_V2 | Action.MORE_V2:
                usd = _LEG_USD if action is Action.OPEN_V2 else _LEG_USD / 4
                return [pool.add(OWNER, self._amounts(pool.tokens, usd))]
            case Action.STAKE_V2:
                return pool.stake(OWNER, (await pool.held(OWNER))[0])
            case Action.LESS_V2 | Action.CLOSE_V2:
                return await self._remove_v2(3 if action is Action.LESS_V2 else 1)
            case Action.OPEN_V3:
                return [await self._open_v3()]
            case Action.MORE_V3 | Action.LESS_V3 | Action.CLOSE_V3 | Action.STAKE_V3:
                return await self._change_v3(action)

    async def _remove_v2(self, part: int) -> Sequence[Tx]:
        """Take one of so many parts out."""
        free, staked = (amount // part for amount in await self.full_range.held(OWNER))
        unstaking = self.full_range.unstake(OWNER, staked) if staked else ()
        return [*unstaking, *self.full_range.remove(OWNER, free + staked)]

    async def _open_v3(self) -> Tx:
        spacing = self.ranged.spacing
        centre = nearest_tick(_market_price(self.ranged.tokens, self._market), spacing)
        half = _V3_HALF_WIDTH // spacing * spacing
        return await self.ranged.mint(
            OWNER, (centre - half, centre + half), self._amounts(self.ranged.tokens, _V3_LEG_USD)
        )

    async def _change_v3(self, action: Action) -> Sequence[Tx]:
        if self._held is None:
            raise RuntimeError(f"{action}: there is no such position; was its opening reorganised away?")
        token_id, pool = self._held.token_id, self.ranged
        if action is Action.STAKE_V3:
            return pool.stake(OWNER, token_id)
        unstaking, staking = (pool.unstake(OWNER, token_id), pool.stake(OWNER, token_id)) if pool.has_farm else ((), ())
        liquidity = (await pool.range(token_id)).liquidity
        match action:
            case Action.MORE_V3:
                now = await pool.pays(OWNER, token_id)
                # this block's trades may carry the price over the range's edge, where the other token is asked for
                few0, few1 = self._amounts(pool.tokens, _V3_LEG_USD / 100)
                amounts = max(now.principal0 // 4, few0), max(now.principal1 // 4, few1)
                return [*unstaking, await pool.more(OWNER, token_id, amounts), *staking]
            case Action.LESS_V3:
                return [*unstaking, *pool.less(OWNER, token_id, liquidity // 3), *staking]
            case _:
                return [*unstaking, pool.close(OWNER, token_id, liquidity)]

    def _amounts(self, tokens: tuple[Erc20, Erc20], usd: Decimal) -> tuple[int, int]:
        """Return so much of each of two tokens."""
        return self._raw(tokens[0], usd), self._raw(tokens[1], usd)

    def _raw(self, token: Erc20, usd: Decimal) -> int:
        return raw_amount(usd, _usd(token, self._market), token.decimals)


def _typical_trades(settings: SceneSettings) -> tuple[float, float]:
    """Return the size of a typical noise trade in the V2 pair and in the pool of ether and USDC, USD."""
    fixed = settings.market.noise_usd
    if fixed is not None:
        return fixed, fixed
    pair, ether = settings.market.variances(settings.blocks, settings.step)
    value, years = 2 * float(_DEPTH_USD), settings.step / timedelta(days=365)
    return paying_trade(pair, value, V2_FEE, years), paying_trade(ether, value, Fraction(FEE, 10**6), years)


def _market_price(tokens: tuple[Erc20, Erc20], market: MarketPoint) -> Fraction:
    token0, token1 = tokens
    return raw_price(_usd(token0, market), token0.decimals, _usd(token1, market), token1.decimals)


def _usd(token: Erc20, market: MarketPoint) -> Decimal:
    return {"ETH": market.eth, "WETH": market.eth, "WBTC": market.btc, "USDC": Decimal(1)}[token.symbol]
