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
from bot.demo.ranged import FEE, RANGED, SPACING, RangedPool, V3Pool, by_address
from bot.demo.scenario import Action, SceneSettings, actions_by_block
from bot.demo.tx import Tx
from bot.demo.uniswap_v2 import UniswapV2
from bot.demo.uniswap_v3 import UniswapV3, sqrt_price_x96

OWNER: Final = Address("0x1111111111111111111111111111111111111111")
OTHERS: Final = Address("0x2222222222222222222222222222222222222222")
TRADER: Final = Address("0x3333333333333333333333333333333333333333")
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

    def __init__(self, chain: LocalChain, settings: SceneSettings, pair: Address, ranged: RangedPool) -> None:
        self.chain = chain
        self.settings = settings
        self.v2, self.v3 = UniswapV2(chain), UniswapV3(chain)
        self.pair = pair
        """The V2 WBTC/WETH pair."""
        self.ranged = ranged
        """The pool of ether and USDC."""
        self._path = settings.path()
        self._noise = settings.noise()
        self._script = actions_by_block(settings.blocks)
        self._market = next(self._path)
        self._index = 0
        self._held: _Held | None = None

    @classmethod
    async def create(cls, chain: LocalChain, settings: SceneSettings, protocol: str = V3Pool.protocol) -> Scene:
        """Create and fill the pools at the first market prices; the last block has the time ``settings.start``.

        ``protocol``: of the pool whose positions lie between ticks, one of ``RANGED``.
        """
        at, ranged = chain.at, await RANGED[protocol](chain)
        first = settings.points(0)[0]
        pair = await UniswapV2(chain).create_pair(at.wbtc.address, at.weth.address)
        await ranged.create(sqrt_price_x96(_market_price(ranged.tokens, first)))
        scene = cls(chain, settings, pair, ranged)
        for account in (OWNER, OTHERS, TRADER):
            await chain.fund(account, {token: scene._raw(token, _ENDLESS_USD) for token in (at.weth, at.wbtc, at.usdc)})
            await ranged.allow(account)
        await chain.mine(
            scene._add_v2(OTHERS, _DEPTH_USD),
            await ranged.mint(OTHERS, _FULL_RANGE, scene._amounts(_DEPTH_USD)),
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
        """The owner's open position between ticks."""
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
        _, tick = await self.ranged.price()
        if Action.OPEN_V3 in actions:
            token_id = self.ranged.minted_ids(block)[0]
            held = await self.ranged.range(token_id)
            self._held = _Held(token_id, held.lower, held.upper)
        if Action.CLOSE_V3 in actions:
            self._held = None
        in_range = self._held.lower <= tick < self._held.upper if self._held else None
        told = tuple(action.value.replace(V3Pool.word, self.ranged.word) for action in actions)
        return Step(self._index, block.number, block.hash, self._market, actions, in_range, told)

    def _noise_trades(self) -> list[Tx]:
        at = self.chain.at
        txs = []
        for usd in noise_sizes(self._noise, _NOISE_USD, _NOISE_TRADES):
            sold, bought = (at.wbtc, at.weth) if usd > 0 else (at.weth, at.wbtc)
            amount = self._raw(sold, Decimal(abs(usd)))
            txs.append(self.v2.swap(TRADER, sold.address, bought.address, amount))
        for usd in noise_sizes(self._noise, _NOISE_USD, _NOISE_TRADES):
            first = (usd > 0) == (self.ranged.tokens[1] == at.usdc)  # ether is sold above 0, and USDC below
            amount = self._raw(self.ranged.tokens[0 if first else 1], Decimal(abs(usd)))
            txs.append(self.ranged.swap(TRADER, amount, zero_for_one=first))
        return txs

    async def _arbitrage(self) -> list[Tx]:
        """Trade both pools back into their bands, as they stand after the noise trades that wait for this block."""
        at = self.chain.at
        txs = []
        pair = by_address(at.wbtc, at.weth)
        reserves = await self.v2.reserves(self.pair, "pending")
        trade = v2_arbitrage(*reserves, _market_price(pair, self._market))
        if trade is not None:
            sold, bought = pair if trade.zero_for_one else pair[::-1]
            txs.append(self.v2.swap(TRADER, sold.address, bought.address, trade.amount_in))
        pool = self.ranged.tokens
        sqrt_price, _ = await self.ranged.price("pending")
        move = v3_arbitrage(sqrt_price, _market_price(pool, self._market), Fraction(FEE, 10**6))
        if move is not None:
            most = self._raw(pool[0] if move.zero_for_one else pool[1], _DEPTH_USD * 100)
            txs.append(self.ranged.swap(TRADER, most, zero_for_one=move.zero_for_one, limit=move.limit))
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
                return [await self._open_v3()]
            case Action.MORE_V3 | Action.LESS_V3 | Action.CLOSE_V3:
                return await self._change_v3(action)

    async def _open_v3(self) -> Tx:
        centre = nearest_tick(_market_price(self.ranged.tokens, self._market), SPACING)
        ticks = (centre - V3_HALF_WIDTH, centre + V3_HALF_WIDTH)
        return await self.ranged.mint(OWNER, ticks, self._amounts(_V3_LEG_USD))

    async def _change_v3(self, action: Action) -> list[Tx]:
        if self._held is None:
            raise RuntimeError(f"{action}: there is no such position; was its opening reorganised away?")
        token_id = self._held.token_id
        liquidity = (await self.ranged.range(token_id)).liquidity
        match action:
            case Action.MORE_V3:
                now = await self.ranged.pays(OWNER, token_id)
                # this block's trades may carry the price over the range's edge, where the other token is asked for
                few0, few1 = self._amounts(_V3_LEG_USD / 100)
                amounts = max(now.principal0 // 4, few0), max(now.principal1 // 4, few1)
                return [await self.ranged.more(OWNER, token_id, amounts)]
            case Action.LESS_V3:
                return [*self.ranged.less(OWNER, token_id, liquidity // 3)]
            case _:
                return [self.ranged.close(OWNER, token_id, liquidity)]

    def _add_v2(self, owner: Address, leg_usd: Decimal) -> Tx:
        wbtc, weth = self.chain.at.wbtc, self.chain.at.weth
        amounts = (self._raw(wbtc, leg_usd), self._raw(weth, leg_usd))
        return self.v2.add(owner, wbtc.address, weth.address, *amounts)

    def _amounts(self, usd: Decimal) -> tuple[int, int]:
        """Return so much of each token of the pool between ticks."""
        token0, token1 = self.ranged.tokens
        return self._raw(token0, usd), self._raw(token1, usd)

    def _raw(self, token: Erc20, usd: Decimal) -> int:
        return raw_amount(usd, _usd(token, self._market), token.decimals)


def _market_price(tokens: tuple[Erc20, Erc20], market: MarketPoint) -> Fraction:
    token0, token1 = tokens
    return raw_price(_usd(token0, market), token0.decimals, _usd(token1, market), token1.decimals)


def _usd(token: Erc20, market: MarketPoint) -> Decimal:
    return {"ETH": market.eth, "WETH": market.eth, "WBTC": market.btc, "USDC": Decimal(1)}[token.symbol]
