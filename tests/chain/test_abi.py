"""Signatures hash to what chains carry: the selectors and topics as block explorers list them."""

from __future__ import annotations

import pytest

from bot.chain.abi import selector, topic

SELECTORS = {
    "aggregate3((address,bool,bytes)[])": "82ad56cb",
    "Error(string)": "08c379a0",
    "symbol()": "95d89b41",
    "decimals()": "313ce567",
    "balanceOf(address)": "70a08231",
    "token0()": "0dfe1681",
    "token1()": "d21220a7",
    "factory()": "c45a0155",
    "getReserves()": "0902f1ac",
    "totalSupply()": "18160ddd",
    "kLast()": "7464fc3d",
    "feeTo()": "017e7e58",
    "tokenOfOwnerByIndex(address,uint256)": "2f745c59",
    "positions(uint256)": "99fbab88",
    "getPool(address,address,uint24)": "1698ee82",
    "slot0()": "3850c7bd",
    "liquidity()": "1a686502",
    "feeGrowthGlobal0X128()": "f3058399",
    "feeGrowthGlobal1X128()": "46141319",
    "fee()": "ddca3f43",
    "tickSpacing()": "d0c93a7c",
    "ticks(int24)": "f30dba93",
    "positions(bytes32)": "514ea4bf",
}
TOPICS = {
    "Transfer(address,address,uint256)": "0xddf252ad1be2c89b69c2b068",
    "Mint(address,uint256,uint256)": "0x4c209b5fc8ad50758f13e2e1",
    "Sync(uint112,uint112)": "0x1c411e9a96e071241c2f21f7",
    "Swap(address,uint256,uint256,uint256,uint256,address)": "0xd78ad95fa46c994b6551d0da",
    "Swap(address,address,int256,int256,uint160,uint128,int24)": "0xc42079f94a6350d7e6235f29",
    "Mint(address,address,int24,int24,uint128,uint256,uint256)": "0x7a53080ba414158be7ec69b9",
    "Burn(address,int24,int24,uint128,uint256,uint256)": "0x0c396cd989a39f4459b5fa1a",
    "Initialize(uint160,int24)": "0x98636036cb66a9c19a37435e",
    "IncreaseLiquidity(uint256,uint128,uint256,uint256)": "0x3067048beee31b25b2f1681f",
    "DecreaseLiquidity(uint256,uint128,uint256,uint256)": "0x26f6a048ee9138f2c0ce266f",
}


@pytest.mark.parametrize("signature", SELECTORS)
def test_selector(signature: str) -> None:
    assert selector(signature).hex() == SELECTORS[signature]


@pytest.mark.parametrize("signature", TOPICS)
def test_topic(signature: str) -> None:
    assert topic(signature).startswith(TOPICS[signature])
