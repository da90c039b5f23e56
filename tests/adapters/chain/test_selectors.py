"""The selectors and event topics that stand in the code are those of the contracts' signatures."""

from __future__ import annotations

import pytest
from eth_utils.crypto import keccak

from bot.adapters.chain import entries, history, multicall, tokens, uniswap_v2, v3_calls

SELECTORS = {
    "aggregate3((address,bool,bytes)[])": multicall.AGGREGATE3,
    "Error(string)": multicall.ERROR_STRING,
    "symbol()": tokens.SYMBOL,
    "decimals()": tokens.DECIMALS,
    "balanceOf(address)": tokens.BALANCE_OF,
    "token0()": uniswap_v2.TOKEN0,
    "token1()": uniswap_v2.TOKEN1,
    "factory()": uniswap_v2.FACTORY,
    "getReserves()": uniswap_v2.GET_RESERVES,
    "totalSupply()": uniswap_v2.TOTAL_SUPPLY,
    "kLast()": uniswap_v2.K_LAST,
    "feeTo()": uniswap_v2.FEE_TO,
    "tokenOfOwnerByIndex(address,uint256)": v3_calls.TOKEN_OF_OWNER,
    "positions(uint256)": v3_calls.POSITIONS,
    "getPool(address,address,uint24)": v3_calls.GET_POOL,
    "slot0()": v3_calls.SLOT0,
    "liquidity()": v3_calls.LIQUIDITY,
    "feeGrowthGlobal0X128()": v3_calls.FEE_GROWTH0,
    "feeGrowthGlobal1X128()": v3_calls.FEE_GROWTH1,
    "fee()": history.FEE,
    "tickSpacing()": history.TICK_SPACING,
    "ticks(int24)": v3_calls.TICKS,
    "positions(bytes32)": v3_calls.POOL_POSITIONS,
}
TOPICS = {
    "Transfer(address,address,uint256)": entries.TRANSFER,
    "Mint(address,uint256,uint256)": entries.V2_MINT,
    "Sync(uint112,uint112)": entries.V2_SYNC,
    "Swap(address,uint256,uint256,uint256,uint256,address)": history.V2_SWAP,
    "Swap(address,address,int256,int256,uint160,uint128,int24)": history.V3_SWAP,
    "Mint(address,address,int24,int24,uint128,uint256,uint256)": history.V3_MINT,
    "Burn(address,int24,int24,uint128,uint256,uint256)": history.V3_BURN,
    "Initialize(uint160,int24)": history.V3_INITIALIZE,
    "IncreaseLiquidity(uint256,uint128,uint256,uint256)": entries.V3_INCREASE,
    "DecreaseLiquidity(uint256,uint128,uint256,uint256)": entries.V3_DECREASE,
}


@pytest.mark.parametrize("signature", SELECTORS)
def test_selector(signature: str) -> None:
    assert keccak(text=signature)[:4] == SELECTORS[signature]


@pytest.mark.parametrize("signature", TOPICS)
def test_topic(signature: str) -> None:
    assert f"0x{keccak(text=signature).hex()}" == TOPICS[signature]
