"""Algebra Integral, as Camelot has it: pools of their own for whoever deploys some, fees that plugins set."""

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
from bot.protocols.concentrated.layout import ACTUAL_DEPOSITS, Layout, PoolLayout, joined_key
from bot.protocols.concentrated.reader import ManagerReader
from bot.protocols.concentrated.settings import ManagerSettings
from bot.setting_types.fields import Checksummed, ProtocolName

NAME: Final = "algebra_integral"
POOL_BY_PAIR: Final = selector("poolByPair(address,address)")
CUSTOM_POOL_BY_PAIR: Final = selector("customPoolByPair(address,address,address)")
_COMMUNITY_WORD: Final = 4
_WHOLE: Final = 1_000
"""What the community's share is told in."""


def _pool_of(key: bytes) -> bytes:
    """Make the factory's call for token0, token1 and the deployer of the pool, nobody for the pair's usual one."""
    pair, deployer = key[: 2 * json_rpc.WORD], key[2 * json_rpc.WORD :]
    return CUSTOM_POOL_BY_PAIR + deployer + pair if any(deployer) else POOL_BY_PAIR + pair


LAYOUT: Final = Layout(
    pool=PoolLayout(
        state=selector("globalState()"),
        growth0=selector("totalFeeGrowth0Token()"),
        growth1=selector("totalFeeGrowth1Token()"),
        outside=4,
    ),
    pool_of=_pool_of,
    book_key=joined_key,
    deposits=ACTUAL_DEPOSITS,
)


async def _shares(calls: NodeCalls, pool: Address, state: bytes, block: str) -> tuple[int, int]:
    """Return what the community's share leaves, by the state."""
    del calls, pool, block
    kept = kept_of(json_rpc.uint(state, _COMMUNITY_WORD), _WHOLE)
    return kept, kept


def _new_share(data: bytes) -> dict[str, int]:
    kept = kept_of(json_rpc.uint(data), _WHOLE)
    return {"kept0": kept, "kept1": kept}


def _swap_fee(data: bytes) -> dict[str, int]:
    """Return the fee that a plugin sets for the next swap, if it sets one; its own part comes on top of that."""
    fee = json_rpc.uint(data)
    return {"fee": fee} if fee else {}


PAST: Final = PastLayout(
    pool=LAYOUT.pool,
    swap=topic("Swap(address,address,int256,int256,uint160,uint128,int24)"),
    swap_words=5,
    kept=_shares,
    changes={
        topic("Fee(uint16)"): Change(1, lambda data: {"fee": json_rpc.uint(data)}),
        topic("SwapFee(address,uint24,uint24)"): Change(2, _swap_fee),
        topic("CommunityFee(uint16)"): Change(1, _new_share),
    },
    mark=selector("communityVault()"),
    fees=lambda state: (json_rpc.uint(state, 2), None),
)


class AlgebraIntegralSettings(ManagerSettings):
    """Positions of an Algebra Integral deployment, such as Camelot's V4."""

    name: ProtocolName = Field(default=NAME, description="name of the deployment, unique on the chain")
    position_manager: Checksummed = Field(
        description="NonfungiblePositionManager contract", examples=["0xA602E7195fcC9364210181DffA33482B5adCE9d8"]
    )


ALGEBRA_INTEGRAL: Final = Amm(
    name=NAME,
    description="Algebra Integral deployments (Camelot)",
    settings=AlgebraIntegralSettings,
    curves={"v3": ConcentratedPosition},
    reader=partial(ManagerReader, layout=LAYOUT),
    history=finder(NAME, PAST),
    at=lambda manager: {"position_manager": manager},
    presets={
        42161: [
            {
                "name": "camelot_v4",
                "position_manager": "0xA602E7195fcC9364210181DffA33482B5adCE9d8",
                "factory": "0xBefC4b405041c5833f53412fF997ed2f697a2f37",
            }
        ]
    },
)
