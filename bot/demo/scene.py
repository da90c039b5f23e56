"""The scene on the chain: an owner's positions in two deep pools, and a market that trades on them, block by block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from bot.core.types import Address, BlockHash
from bot.demo.chain import Erc20, LocalChain
from bot.demo.market import nearest_tick, noise_sizes, raw_amount, raw_price, v2_arbitrage, v3_arbitrage
from bot.demo.path import MarketPoint
from bot.demo.scenario import Action, SceneSettings, actions_by_block
from bot.demo.tx import Tx
from bot.demo.uniswap_v2 import UniswapV2
from bot.demo.uniswap_v3 import TICK_SPACING, PoolKey, UniswapV3, sqrt_price_x96

OWNER: Final = Address("0x1111111111111111111111111111111111111111")
OTHERS: Final = Address("0x2222222222222222222222222222222222222222")
TRADER: Final = Address("0x3333333333333333333333333333333333333333")
V3_FEE: Final = 500
"""Hundredths of a basis point: 0.05%."""
V3_HALF_WIDTH: Final = 1600
"""Ticks to either side of the price: ±17%."""
_FULL_RANGE: Final = (-887270, 887270)
_LEG_USD: Final = Decimal(10_000)
_V3_LEG_USD: Final = Decimal(5_000)
_DEPTH_USD: Final = Decimal(10_000_000)
"""What the other liquidity providers hold of each token of each pool."""
_ENDLESS_USD: Final = Decimal(10) ** 11
_NOISE_USD: Final = 25_000.0
_NOISE_TRADES: Final = 3


@dataclass(frozen=True, slots=True)
class Step:
    """One block of the scene; ``index`` 0 is the block that ends the setup, at the first market point."""

    index: int
    number: int
    hash: BlockHash
    market: MarketPoint
    actions: tuple[Action, ...]
    in_range: bool | None
    """Whether the V3 position is in range; None while there is none."""


@dataclass(frozen=True, slots=True)
class _Held:
    """The owner's open V3 position."""

    token_id: int
    lower: int
    upper: int


class Scene:
    """Plays a scene on a chain: `create`, then `step` for each block, for ever if wanted (the script then repeats).

    Nothing else may mine meanwhile. A reorg between two steps is fine unless it drops an action of the owner's.
    """

    def __init__(self, chain: LocalChain, settings: SceneSettings, pair: Address, pool: Address) -> None:
        self.chain = chain
        self.settings = settings
        self.v2, self.v3 = UniswapV2(chain), UniswapV3(chain)
        self.pair = pair
        """The V2 WBTC/WETH pair."""
        self.pool = pool
        """The V3 USDC/WETH pool."""
        self._key = PoolKey.of(chain.at.usdc.address, chain.at.weth.address, V3_FEE)
        self._path = settings.path()
        self._noise = settings.noise()
        self._script = actions_by_block(settings.blocks)
        self._market = next(self._path)
        self._index = 0
        self._held: _Held | None = None

    @classmethod
    async def create(cls, chain: LocalChain, settings: SceneSettings) -> Scene:
        """Create and fill the pools at the first market prices; the last block has the time ``settings.start``."""
        at, v3 = chain.at, UniswapV3(chain)
        first = settings.points(0)[0]
        key = PoolKey.of(at.usdc.address, at.weth.address, V3_FEE)
        pair = await UniswapV2(chain).create_pair(at.wbtc.address, at.weth.address)
        pool = await v3.create_pool(key, sqrt_price_x96(_market_price(_sorted(at.usdc, at.weth), first)))
        scene = cls(chain, settings, pair, pool)
        for account in (OWNER, OTHERS, TRADER):
            await chain.fund(account, {token: scene._raw(token, _ENDLESS_USD) for token in (at.weth, at.wbtc, at.usdc)})
        deep = [scene._raw(token, _DEPTH_USD) for token in _sorted(at.usdc, at.weth)]
        await chain.mine(
            scene._add_v2(OTHERS, _DEPTH_USD),
            v3.mint(OTHERS, key, _FULL_RANGE, deep[0], deep[1]),
            timestamp=settings.start,
        )
        return scene

    @property
    def index(self) -> int:
        """The newest block of the scene; 0 before the first step."""
        return self._index

    @property
    def market(self) -> MarketPoint:
        """The true market at the newest block."""
        return self._market

    @property
    def v3_token_id(self) -> int | None:
        """The owner's open V3 position."""
        return self._held.token_id if self._held else None

    async def step(self) -> Step:
        """Mine the next block: noise trades, arbitrage to the market's new prices, then the owner's actions."""
        self._index += 1
        self._market = next(self._path)
        await self.chain.queue(*self._noise_trades())
        trades = await self._arbitrage()
        actions = self._script.get((self._index - 1) % self.settings.blocks + 1, ())
        owner = [tx for action in actions for tx in await self._act(action)]
        block = await self.chain.mine(*trades, *owner, timestamp=self._market.time)
        _, tick = await self.v3.slot0(self.pool)
        if Action.OPEN_V3 in actions:
            token_id = self.v3.minted_ids(block)[0]
            info = await self.v3.position(token_id)
            self._held = _Held(token_id, info.tick_lower, info.tick_upper)
        if Action.CLOSE_V3 in actions:
            self._held = None
        in_range = self._held.lower <= tick < self._held.upper if self._held else None
        return Step(self._index, block.number, block.hash, self._market, actions, in_range)

    def _noise_trades(self) -> list[Tx]:
        at = self.chain.at
        txs = []
        for usd in noise_sizes(self._noise, _NOISE_USD, _NOISE_TRADES):
            sold, bought = (at.wbtc, at.weth) if usd > 0 else (at.weth, at.wbtc)
            amount = self._raw(sold, Decimal(abs(usd)))
            txs.append(self.v2.swap(TRADER, sold.address, bought.address, amount))
        for usd in noise_sizes(self._noise, _NOISE_USD, _NOISE_TRADES):
            sold = at.weth if usd > 0 else at.usdc
            amount = self._raw(sold, Decimal(abs(usd)))
            txs.append(self.v3.swap(TRADER, self._key, amount, zero_for_one=sold.address == self._key.token0))
        return txs

    async def _arbitrage(self) -> list[Tx]:
        """Trade both pools back into their bands, as they stand after the noise trades that wait for this block."""
        at = self.chain.at
        txs = []
        pair = _sorted(at.wbtc, at.weth)
        reserves = await self.v2.reserves(self.pair, "pending")
        trade = v2_arbitrage(*reserves, _market_price(pair, self._market))
        if trade is not None:
            sold, bought = pair if trade.zero_for_one else pair[::-1]
            txs.append(self.v2.swap(TRADER, sold.address, bought.address, trade.amount_in))
        pool = _sorted(at.usdc, at.weth)
        sqrt_price, _ = await self.v3.slot0(self.pool, "pending")
        move = v3_arbitrage(sqrt_price, _market_price(pool, self._market), Fraction(V3_FEE, 10**6))
        if move is not None:
            most = self._raw(pool[0] if move.zero_for_one else pool[1], _DEPTH_USD * 100)
            txs.append(self.v3.swap(TRADER, self._key, most, zero_for_one=move.zero_for_one, limit=move.limit))
        return txs

    async def _act(self, action: Action) -> Sequence[Tx]:
        match action:
            case Action.OPEN_V2:
                return [self._add_v2(OWNER, _LEG_USD)]
            case Action.MORE_V2:
                return [self._add_v2(OWNER, _LEG_USD / 4)]
            case Action.LESS_V2:
                return self.v2.remove(OWNER, self.pair, await self.chain.balance(self.pair, OWNER) // 3)
            case Action.CLOSE_V2:
                return self.v2.remove(OWNER, self.pair, await self.chain.balance(self.pair, OWNER))
            case Action.OPEN_V3:
                return [self._open_v3()]
            case Action.MORE_V3 | Action.LESS_V3 | Action.CLOSE_V3:
                return await self._change_v3(action)

    def _open_v3(self) -> Tx:
        tokens = _sorted(self.chain.at.usdc, self.chain.at.weth)
        centre = nearest_tick(_market_price(tokens, self._market), TICK_SPACING[V3_FEE])
        ticks = (centre - V3_HALF_WIDTH, centre + V3_HALF_WIDTH)
        amounts = [self._raw(token, _V3_LEG_USD) for token in tokens]
        return self.v3.mint(OWNER, self._key, ticks, amounts[0], amounts[1])

    async def _change_v3(self, action: Action) -> list[Tx]:
        if self._held is None:
            raise RuntimeError(f"{action}: there is no V3 position; was its opening reorganised away?")
        token_id = self._held.token_id
        liquidity = (await self.v3.position(token_id)).liquidity
        match action:
            case Action.MORE_V3:
                now = await self.v3.pays(token_id)
                # this block's trades may carry the price over the range's edge, where the other token is asked for
                least = [
                    self._raw(token, _V3_LEG_USD / 100) for token in _sorted(self.chain.at.usdc, self.chain.at.weth)
                ]
                amounts = [
                    max(amount // 4, few) for amount, few in zip((now.principal0, now.principal1), least, strict=True)
                ]
                return [self.v3.increase(OWNER, token_id, amounts[0], amounts[1])]
            case Action.LESS_V3:
                return [self.v3.decrease(OWNER, token_id, liquidity // 3), self.v3.collect(OWNER, token_id)]
            case _:
                return [self.v3.close(OWNER, token_id, liquidity)]

    def _add_v2(self, owner: Address, leg_usd: Decimal) -> Tx:
        wbtc, weth = self.chain.at.wbtc, self.chain.at.weth
        amounts = (self._raw(wbtc, leg_usd), self._raw(weth, leg_usd))
        return self.v2.add(owner, wbtc.address, weth.address, *amounts)

    def _raw(self, token: Erc20, usd: Decimal) -> int:
        return raw_amount(usd, _usd(token, self._market), token.decimals)


def _sorted(token_a: Erc20, token_b: Erc20) -> tuple[Erc20, Erc20]:
    token0, token1 = sorted((token_a, token_b), key=lambda token: int(token.address, 16))
    return token0, token1


def _market_price(tokens: tuple[Erc20, Erc20], market: MarketPoint) -> Fraction:
    token0, token1 = tokens
    return raw_price(_usd(token0, market), token0.decimals, _usd(token1, market), token1.decimals)


def _usd(token: Erc20, market: MarketPoint) -> Decimal:
    return {"WETH": market.eth, "WBTC": market.btc, "USDC": Decimal(1)}[token.symbol]
