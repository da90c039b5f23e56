"""Algebra 1.9, as QuickSwap and Camelot have it: one pool for each pair, whose fee changes from second to second.

Camelot's pools have a fee for each direction: a word more in their state, and other events for fees and shares.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from pydantic import Field

from bot.chain import json_rpc
from bot.chain.abi import selector, topic
from bot.chain.pool_past import NodeCalls, kept_of
from bot.chain.protocol import Amm
from bot.core.amm.concentrated import ConcentratedPosition
from bot.core.types import Address
from bot.protocols.concentrated.history import Change, PastLayout, finder
from bot.protocols.concentrated.layout import ACTUAL_DEPOSITS, Layout, PoolLayout, by_key, joined_key
from bot.protocols.concentrated.reader import ManagerReader
from bot.protocols.concentrated.reference import ConcentratedReference
from bot.protocols.concentrated.settings import ManagerSettings
from bot.setting_types.fields import Checksummed, ProtocolName

NAME: Final = "algebra"
LAYOUT: Final = Layout(
    pool=PoolLayout(
        state=selector("globalState()"),
        growth0=selector("totalFeeGrowth0Token()"),
        growth1=selector("totalFeeGrowth1Token()"),
        book_owed=4,
    ),
    lower=4,
    words=11,
    pool_of=by_key("poolByPair(address,address)"),
    book_key=joined_key,
    deposits=ACTUAL_DEPOSITS,
)
_WHOLE: Final = 1_000
"""What the community's shares are told in."""
_TWO_FEES: Final = 8
"""Words of the state where a pool has a fee for each direction, which moves the ones behind it by one."""


def _has_two(state: bytes) -> bool:
    return len(state) >= _TWO_FEES * json_rpc.WORD


def _fees(state: bytes) -> tuple[int, int | None]:
    return json_rpc.uint(state, 2), json_rpc.uint(state, 3) if _has_two(state) else None


async def _shares(calls: NodeCalls, pool: Address, state: bytes, block: str) -> tuple[int, int]:
    """Return what the community's shares leave, by the state."""
    del calls, pool, block
    first = 5 if _has_two(state) else 4
    return kept_of(json_rpc.uint(state, first), _WHOLE), kept_of(json_rpc.uint(state, first + 1), _WHOLE)


def _words(data: bytes) -> tuple[int, int]:
    return json_rpc.uint(data, 0), json_rpc.uint(data, 1)


def _new_shares(data: bytes) -> dict[str, int]:
    share0, share1 = _words(data)
    return {"kept0": kept_of(share0, _WHOLE), "kept1": kept_of(share1, _WHOLE)}


PAST: Final = PastLayout(
    pool=LAYOUT.pool,
    swap=topic("Swap(address,address,int256,int256,uint160,uint128,int24)"),
    swap_words=5,
    kept=_shares,
    changes={
        topic("Fee(uint16)"): Change(1, lambda data: {"fee": json_rpc.uint(data)}),
        topic("Fee(uint16,uint16)"): Change(2, lambda data: dict(zip(("fee", "fee1"), _words(data), strict=True))),
        topic("CommunityFee(uint8,uint8)"): Change(2, _new_shares),
        topic("CommunityFee(uint16,uint16)"): Change(2, _new_shares),
    },
    infers_fee=True,
    mark=selector("activeIncentive()"),
    fees=_fees,
)


class AlgebraSettings(ManagerSettings):
    """Positions of an Algebra 1.9 deployment: QuickSwap's, Camelot's."""

    name: ProtocolName = Field(default=NAME, description="name of the deployment, unique on the chain")
    position_manager: Checksummed = Field(
        description="NonfungiblePositionManager contract", examples=["0x00c7f3082833e796A5b3e4Bd59f6642FF44DCD15"]
    )


ALGEBRA: Final = Amm(
    name=NAME,
    description="Algebra 1.9 deployments (QuickSwap, Camelot)",
    settings=AlgebraSettings,
    curves={"v3": ConcentratedPosition},
    reader=partial(ManagerReader, layout=LAYOUT),
    reference=partial(ConcentratedReference, layout=LAYOUT.pool),
    history=finder(NAME, PAST),
    at=lambda manager: {"position_manager": manager},
    presets={
        137: [
            {
                "name": "quickswap",
                "position_manager": "0x8eF88E4c7CfbbaC1C163f7eddd4B578792201de6",
                "factory": "0x411b0fAcC3489691f28ad58c47006AF5E3Ab3A28",
            }
        ],
        42161: [
            {
                "name": "camelot",
                "position_manager": "0x00c7f3082833e796A5b3e4Bd59f6642FF44DCD15",
                "factory": "0x1a3c9B1d2F0529D97f2afC5136Cc23e58f1FD35B",
            }
        ],
    },
)
