"""What forks do otherwise than Uniswap V2: the fee of a swap, and the protocol's part of the growth."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final, NamedTuple

from bot.chain.config import Deployment
from bot.core.types import Address
from bot.protocols.uniswap_v2.settings import UniswapV2Settings


class Terms(NamedTuple):
    """A fork's ``fee``, hundredths of a basis point, and the protocol's ``part`` of so many parts of the growth."""

    fee: int
    part: int
    whole: int

    @property
    def share(self) -> Fraction:
        """What the protocol gets of the growth."""
        return Fraction(self.part, self.whole)


USUAL: Final = Terms(3000, 1, 6)
_PANCAKE: Final = Terms(2500, 8, 25)
KNOWN: Final = {
    Address("0x5C69bEe701ef814a2B6a3EDD4B1652CB9cc5aA6f"): USUAL,
    Address("0xC0AEe478e3658e2610c5F7A4A2E1777cE9e4f2Ac"): USUAL,
    Address("0xc35DADB65012eC5796536bD9864eD8773aBc74C4"): USUAL,
    Address("0xcA143Ce32Fe78f1f7019d7d551a6402fC5350c73"): _PANCAKE,
    Address("0x1097053Fd2ea711dad45caCcc45EfF7548fCB362"): _PANCAKE,
    Address("0x02a84c1b3BBD7401a5f7fa98a384EBC70bB5749E"): _PANCAKE,
}
"""By factory: Uniswap's and SushiSwap's, and PancakeSwap's (developer.pancakeswap.finance; the pair's ``_mintFee``)."""


def terms_of(factory: Address, settings: UniswapV2Settings | None) -> Terms:
    """Return the terms of a factory's pairs; what is configured goes first."""
    known = KNOWN.get(factory, USUAL)
    share = None if settings is None else settings.share
    return known if share is None else Terms(known.fee, *share)


def settings_of(deployments: Sequence[Deployment], pair: Address) -> UniswapV2Settings | None:
    """Return the settings in which a pair is configured, if it is."""
    tables = (one.settings for one in deployments)
    return next((one for one in tables if isinstance(one, UniswapV2Settings) and pair in one.pairs), None)
