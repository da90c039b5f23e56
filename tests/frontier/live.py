"""The live decision function, fed prices: what decide() does with a drift at a price, read off its orders."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from bot.core.amm.concentrated import ConcentratedPosition
from bot.core.amm.constant_product import ConstantProductPosition
from bot.core.amm.tick_math import nearest_usable_tick
from bot.core.decide import decide
from bot.core.decision import Decision
from bot.core.policy import Policy, RiskAversion
from bot.core.snapshot import LpPosition, Snapshot
from bot.core.state import State
from bot.core.types import PoolId, PositionId
from tests.core import scenes
from tests.core.scenes import ETH, GUARDS, NO_INPUTS, USDC, WETH, line

Floats = np.typing.NDArray[np.float64]
PRICE = 2000.0
VALUE = 100_000.0
AVERSION = 50.0
_HALF_SPREAD = 5e-5
_LOG_TICK = math.log(1.0001)
_RAW = 10.0**-12
"""Raw USDC per raw WETH at a price of 1."""


@dataclass(frozen=True, slots=True)
class Holding:
    """A position worth ``value`` USD at ``PRICE``: a range of ± ``width`` around it, or the full range."""

    width: float | None
    value: float = VALUE

    @property
    def edges(self) -> tuple[float, float]:
        """Logarithms of the prices between which it trades."""
        if self.width is None:
            return -math.inf, math.inf
        low, high = self._ticks()
        return low * _LOG_TICK - math.log(_RAW), high * _LOG_TICK - math.log(_RAW)

    def _ticks(self) -> tuple[int, int]:
        middle, reach = math.log(PRICE * _RAW) / _LOG_TICK, math.log1p(self.width or 0) / _LOG_TICK
        return nearest_usable_tick(round(middle - reach), 10), nearest_usable_tick(round(middle + reach), 10)

    @property
    def liquidity(self) -> float:
        """L, in units of sqrt(WETH x USDC)."""
        return self.value / self._worth(PRICE)

    def _worth(self, price: float) -> float:
        low, high = (math.exp(edge / 2) if math.isfinite(edge) else edge for edge in self.edges)
        root = math.sqrt(price)
        if self.width is None:
            return 2 * root
        return 2 * root - root * root / high - low

    def amounts(self, prices: Floats) -> tuple[Floats, Floats]:
        """Return (WETH, USDC) held at prices; beyond its edges by the same formula, as if the curve went on."""
        low, high = (math.exp(edge / 2) if math.isfinite(edge) else math.inf for edge in self.edges)
        roots = np.sqrt(prices)
        lower = 0.0 if self.width is None else low
        return self.liquidity * (1 / roots - 1 / high), self.liquidity * (roots - lower)

    def position(self, name: str, price: float) -> LpPosition:
        """Return the position as the chain's reader would."""
        root = math.sqrt(price * _RAW)
        raw = int(self.liquidity * math.sqrt(10.0**18 * 10.0**6))
        if self.width is None:
            reserves = int(raw / root * 1000), int(raw * root * 1000)
            curve: ConstantProductPosition | ConcentratedPosition = ConstantProductPosition(
                10**15, 10**18, *reserves, *reserves, k_last=0, fee_on=False
            )
        else:
            low, high = self._ticks()
            tick = math.floor(math.log(price * _RAW) / _LOG_TICK)
            curve = ConcentratedPosition(raw, low, high, int(root * 2**96), tick, *(0,) * 10)
        return LpPosition(PositionId(name), "amm", PoolId("0xpool"), WETH, USDC, curve, curve.amounts(), None)


@dataclass(frozen=True, slots=True)
class Setting:
    """What is hedged at what cost.

    Attributes:
        holdings: the positions.
        cost: fee and half the spread, as a fraction of the notional.
        fixed: USD per trade, as a fraction of ``VALUE``.
        aversion: a; lambda is a over the positions' value.
    """

    holdings: Sequence[Holding]
    cost: float = 5e-4
    fixed: float = 0.0
    aversion: float = AVERSION

    def policy(self) -> Policy:
        """Return the policy that a user would set."""
        chosen = scenes.policy(
            RiskAversion(Decimal(repr(self.aversion))),
            hedges={ETH: scenes.hedge(ETH)},
            guards=replace(GUARDS, slippage=Decimal("0.01")),
        )
        return replace(chosen, fixed_cost=Decimal(repr(self.fixed * VALUE)))

    def amounts(self, prices: Floats) -> tuple[Floats, Floats]:
        """Return all (WETH, USDC) held at prices."""
        pairs = [holding.amounts(prices) for holding in self.holdings]
        volatile, stable = np.zeros_like(prices), np.zeros_like(prices)
        for one, two in pairs:
            volatile, stable = volatile + one, stable + two
        return volatile, stable

    @property
    def slope(self) -> float:
        """How many ETH they lose for each unit that ln(price) rises at ``PRICE``: |Gamma| P."""
        near = 1e-4
        (below, above), _ = self.amounts(PRICE * np.exp(np.array([-near, near])))
        return float(below - above) / (2 * near)

    def edges(self) -> tuple[float, float]:
        """Return the logarithms of the prices between which every position trades."""
        pairs = [holding.edges for holding in self.holdings]
        return max(low for low, _ in pairs), min(high for _, high in pairs)


@dataclass(frozen=True, slots=True)
class Live:
    """decide() at any price and position; the venue's lots and minimum are too small to matter."""

    setting: Setting
    rules: Policy
    memory: State

    @classmethod
    def of(cls, setting: Setting) -> Live:
        """Take a setting."""
        return cls(setting, setting.policy(), scenes.state())

    def decide(self, price: float, size: float) -> Decision:
        """Decide with a position of ``size`` ETH in the perpetual."""
        return decide(self.snapshot(price, size), NO_INPUTS, self.memory, self.rules)

    def snapshot(self, price: float, size: float) -> Snapshot:
        """Return what the daemon would have seen."""
        mark = Decimal(f"{price:.10g}")
        positions = [item.position(f"lp{number}", price) for number, item in enumerate(self.setting.holdings)]
        market = scenes.quote(
            ETH,
            mark,
            lot="0.0000001",
            fee=repr(self.setting.cost - _HALF_SPREAD),
            half_spread=repr(_HALF_SPREAD),
            min_notional="0",
        )
        account = scenes.venue({ETH: f"{size:.7f}"}, quotes=[market])
        return scenes.snapshot(scenes.chain(positions, pools=[scenes.pool_price(mark)]), account)

    def traded(self, price: float, size: float) -> float:
        """Return how much ETH decide() has bought (> 0) or sold at a price."""
        return float(sum((item.order.quantity for item in self.decide(price, size).approved), Decimal(0)))

    def edge(self, price: float) -> tuple[float, float, float]:
        """Return (b, r above, r below) in ETH: where decide() acts, and to which drift its own orders lead.

        The outer edge is taken from what it says, and then held against what it does just inside and just outside.
        """
        held = float(self.setting.amounts(np.array([price]))[0][0])
        band = line(self.decide(price, -held), ETH).band
        assert band is not None
        outer = float(band.outer)
        back = []
        for sign in (1.0, -1.0):
            inside, outside = -held + sign * 0.999 * outer, -held + sign * 1.001 * outer
            assert self.traded(price, inside) == 0
            if outside > 0:  # decide() never goes long
                back.append(outer)
                continue
            done = self.traded(price, outside)
            assert done * sign < 0
            back.append(abs(held + outside + done))
        return outer, back[0], back[1]
