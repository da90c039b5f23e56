"""Arbitrage with fees and block times: Milionis, Moallemi, Roughgarden, arXiv 2305.14604.

With Poisson blocks at rate lambda and a fee gamma (in logarithms), a block holds an arbitrage with probability
1/(1 + sqrt(2 lambda) gamma/sigma). Arbitrageurs win sigma^2/8 of the value times that, times (e^(gamma/2) +
e^(-gamma/2))/(2 (1 - sigma^2/(8 lambda))); where blocks are fast that goes as the root of the block time.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Final

import numpy as np

from tests.core.amm.pair_swaps import amount_out, input_to_price
from tests.evidence.paths import DAILY, LIQUIDITY
from tests.evidence.tables import Table

GAMMA: Final = -math.log(0.997)
SPEEDS: Final = (2, 12, 120, 600)
"""Mean seconds between blocks."""
TOLERANCE: Final = 0.10
"""Relative, of both figures."""
LAW: Final = (0.5, 0.1)
"""The exponent of the block time where blocks are fast, and how far the one measured from 2 to 12 s may be from it."""


def market(seed: int, seconds: float, blocks: int) -> tuple[float, float]:
    """Return the share of blocks with a trade, and what arbitrageurs win a day as a share of the pool's value.

    A V2 pair whose swaps are the contract's integers; each trade goes as far as it pays.
    """
    draw, sigma = np.random.default_rng(seed), DAILY / math.sqrt(86_400)
    waits = draw.exponential(seconds, blocks)
    moves = draw.standard_normal(blocks) * sigma * np.sqrt(waits) - sigma**2 * waits / 2
    prices = 2000 * np.exp(np.cumsum(moves))
    reserve0, reserve1 = int(LIQUIDITY / math.sqrt(2000)), int(LIQUIDITY * math.sqrt(2000))
    trades, won = 0, 0.0
    for price in prices.tolist():
        pool = reserve1 / reserve0
        if 0.997 * price <= pool <= price / 0.997:
            continue
        target = Decimal(0.997 * price if pool < price else price / 0.997)
        in0, in1 = input_to_price(reserve0, reserve1, target)
        if in1:
            out = amount_out(in1, reserve1, reserve0)
            gain, reserve0, reserve1 = out * price - in1, reserve0 - out, reserve1 + in1
        elif in0:
            out = amount_out(in0, reserve0, reserve1)
            gain, reserve0, reserve1 = out - in0 * price, reserve0 + in0, reserve1 - out
        else:
            continue
        trades, won = trades + 1, won + gain / (2 * reserve1)
    return trades / blocks, won / (float(waits.sum()) / 86_400)


def closed_form(seconds: float) -> tuple[float, float]:
    """Return the paper's figures for the same."""
    sigma = DAILY / math.sqrt(86_400)
    chance = 1 / (1 + math.sqrt(2 / seconds) * GAMMA / sigma)
    factor = (math.exp(GAMMA / 2) + math.exp(-GAMMA / 2)) / (2 * (1 - sigma**2 * seconds / 8))
    return chance, DAILY**2 / 8 * chance * factor


def table(quick: bool) -> Table:  # noqa: FBT001 - as the command has it
    """Compare an arbitraged market with the closed forms, for several block times."""
    rows, holds, wins = [], True, {}
    for seconds in SPEEDS:
        blocks = (40_000 if quick else 400_000) * (5 if seconds < SPEEDS[1] else 1)
        chance, won = market(7, seconds, blocks)
        paper_chance, paper_won = closed_form(seconds)
        wins[seconds] = won
        off = chance / paper_chance - 1, won / paper_won - 1
        holds = holds and max(map(abs, off)) <= TOLERANCE
        shares = f"{paper_chance:.2%}", f"{chance:.2%}", f"{paper_won * 1e4:.4f}", f"{won * 1e4:.4f}"
        rows.append((f"{seconds} s", *shares, f"{off[0]:+.1%}, {off[1]:+.1%}"))
    fast, slow = SPEEDS[:2]
    law = math.log(wins[slow] / wins[fast]) / math.log(slow / fast)
    holds = holds and abs(law - LAW[0]) <= LAW[1]
    rows.append((f"exponent, {fast} to {slow} s", "", "", f"{LAW[0]}", f"{law:.3f}", f"{law - LAW[0]:+.3f}"))
    heads = ("block time", "P(trade), paper", "measured", "arbitrage, paper, basis points a day", "measured", "off")
    note = (
        f"Volatility 5% a day, fee 0.3%. Tolerances: {TOLERANCE:.0%} of each figure; the exponent {LAW[0]} ± {LAW[1]}."
    )
    return Table("Arbitrage profit with fees and block times (arXiv 2305.14604)", heads, rows, holds, note)
