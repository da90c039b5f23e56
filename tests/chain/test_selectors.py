"""The selectors and event topics that stand in the code are those of the contracts' signatures."""

from __future__ import annotations

import pytest
from eth_utils.crypto import keccak

from bot.chain import multicall, tokens
from bot.protocols import cost_basis, history
from bot.protocols.uniswap_v2 import reader
from bot.protocols.uniswap_v3 import calls

SELECTORS = {
    "aggregate3((address,bool,bytes)[])": multicall.AGGREGATE3,
    "Error(string)": multicall.ERROR_STRING,
    "symbol()": tokens.SYMBOL,
    "decimals()": tokens.DECIMALS,
    "balanceOf(address)": tokens.BALANCE_OF,
    "token0()": reader.TOKEN0,
    "token1()": reader.TOKEN1,
    "factory()": reader.FACTORY,
    "getReserves()": reader.GET_RESERVES,
    "totalSupply()": reader.TOTAL_SUPPLY,
    "kLast()": reader.K_LAST,
    "feeTo()": reader.FEE_TO,
    "tokenOfOwnerByIndex(address,uint256)": calls.TOKEN_OF_OWNER,
    "positions(uint256)": calls.POSITIONS,
    "getPool(address,address,uint24)": calls.GET_POOL,
    "slot0()": calls.SLOT0,
    "liquidity()": calls.LIQUIDITY,
    "feeGrowthGlobal0X128()": calls.FEE_GROWTH0,
    "feeGrowthGlobal1X128()": calls.FEE_GROWTH1,
    "fee()": history.FEE,
    "tickSpacing()": history.TICK_SPACING,
    "ticks(int24)": calls.TICKS,
    "positions(bytes32)": calls.POOL_POSITIONS,
}
TOPICS = {
    "Transfer(address,address,uint256)": cost_basis.TRANSFER,
    "Mint(address,uint256,uint256)": cost_basis.V2_MINT,
    "Sync(uint112,uint112)": cost_basis.V2_SYNC,
    "Swap(address,uint256,uint256,uint256,uint256,address)": history.V2_SWAP,
    "Swap(address,address,int256,int256,uint160,uint128,int24)": history.V3_SWAP,
    "Mint(address,address,int24,int24,uint128,uint256,uint256)": history.V3_MINT,
    "Burn(address,int24,int24,uint128,uint256,uint256)": history.V3_BURN,
    "Initialize(uint160,int24)": history.V3_INITIALIZE,
    "IncreaseLiquidity(uint256,uint128,uint256,uint256)": cost_basis.V3_INCREASE,
    "DecreaseLiquidity(uint256,uint128,uint256,uint256)": cost_basis.V3_DECREASE,
}


@pytest.mark.parametrize("signature", SELECTORS)
def test_selector(signature: str) -> None:
    assert keccak(text=signature)[:4] == SELECTORS[signature]


@pytest.mark.parametrize("signature", TOPICS)
def test_topic(signature: str) -> None:
    assert f"0x{keccak(text=signature).hex()}" == TOPICS[signature]
