"""A rate that moves is read from the contract at every block; one that can't be read spoils its own positions alone."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.chain.config import ChainConfig, RateRead, RateSource, TokenMapping
from bot.chain.multicall import Failed
from bot.chain.token_rates import rate_call, rate_of
from bot.core.errors import ConfigError
from bot.core.snapshot import ChainView
from bot.core.types import Address, Underlying
from bot.demo.chain import LocalChain
from bot.demo.uniswap_v2 import UniswapV2
from bot.protocols.uniswap_v2.settings import UniswapV2Settings
from tests.chain.setup import config_of, reading
from tests.demo.tricks import empty_blocks

D = Decimal
ETH = Underlying("ETH")
FEED = Address("0x00000000000000000000000000000000000FeED1")
ONE = 10**18


def answers(*words: int) -> str:
    """Write code that answers every call with these words."""
    stores = "".join(f"7f{word:064x}60{32 * at:02x}52" for at, word in enumerate(words))
    return f"0x{stores}60{32 * len(words):02x}6000f3"


SHARES_AT_1_2 = "0x600435600c02600a900460005260206000f3"
"""Answers its first argument times 12 / 10: a vault whose shares are worth 1.2 each."""
REVERTS = "0x60006000fd"
WITHOUT_DECIMALS = "0x60003560e01c63313ce5671460145760206000f35b60006000fd"
"""Answers 0 to every call but ``decimals()``, which reverts."""


async def scene(chain: LocalChain, read: RateRead) -> ChainConfig:
    """Make an owner of a pair of a staked token and WETH."""
    owner, weth = chain.accounts[1], chain.at.weth
    staked = await chain.deploy_token("stETHx", 18)
    v2 = UniswapV2(chain)
    pair = await v2.create_pair(staked.address, weth.address)
    await chain.fund(owner, {staked: 10 * ONE, weth: 12 * ONE})
    await chain.mine(v2.add(owner, staked.address, weth.address, 10 * ONE, 12 * ONE))
    config = config_of(chain, owners=[owner], pairs=[pair])
    return replace(config, tokens={staked.address: TokenMapping(ETH, read=read)})


def rates(view: ChainView) -> list[Decimal]:
    return [token.rate for item in view.positions for token in (item.token0, item.token1) if token.symbol == "stETHx"]


@pytest.mark.parametrize(
    ("read", "answer", "rate"),
    [
        (RateRead(RateSource.ST_ETH_PER_TOKEN), (12 * ONE // 10,), "1.2"),
        (RateRead(RateSource.GET_RATE, decimals=6), (1_100_000,), "1.1"),
        (RateRead(RateSource.CHAINLINK, decimals=8), (7, 118_000_000, 0, 0, 7), "1.18"),
        (RateRead(RateSource.ERC4626), (1_050_000,), "1.05"),
        (RateRead(RateSource.EXCHANGE_RATE), (0,), None),
        (RateRead(RateSource.EXCHANGE_RATE), (2**256 - 1,), None),
        (RateRead(RateSource.CHAINLINK), (1, 2**256 - ONE, 0, 0, 1), None),
        (RateRead(RateSource.ST_ETH_PER_TOKEN), (2**200,), None),
        (RateRead(RateSource.ST_ETH_PER_TOKEN), (1,), None),
    ],
)
def test_an_answer_is_a_rate_or_none(read: RateRead, answer: tuple[int, ...], rate: str | None) -> None:
    data = b"".join(word.to_bytes(32, "big") for word in answer)
    found = rate_of(read, data, 6 if read.source is RateSource.ERC4626 else 18)
    assert found == (None if rate is None else D(rate))
    assert rate_of(read, Failed(b""), 18) is None


def test_the_calls_are_those_of_the_contracts() -> None:
    """The selectors as the verified contracts' interfaces have them."""
    known = {
        RateSource.ST_ETH_PER_TOKEN: "035faf82",
        RateSource.GET_EXCHANGE_RATE: "e6aa216c",
        RateSource.EXCHANGE_RATE: "3ba0b9a9",
        RateSource.GET_RATE: "679aefce",
        RateSource.ERC4626: "07a2d13a",
        RateSource.CHAINLINK: "feaf968c",
    }
    for source, selector in known.items():
        assert rate_call(RateRead(source), FEED, 18).data.hex().startswith(selector)
    assert rate_call(RateRead(RateSource.ERC4626), FEED, 6).data[4:] == (10**6).to_bytes(32, "big")


@pytest.mark.chain
async def test_a_rate_is_read_at_every_block(chain: LocalChain) -> None:
    config = await scene(chain, RateRead(RateSource.ST_ETH_PER_TOKEN, FEED))
    await chain.rpc.call("anvil_setCode", FEED, answers(12 * ONE // 10))
    async with reading(config) as reader:
        await reader.check()
        assert rates(await reader.read()) == [D("1.2")]
        await chain.rpc.call("anvil_setCode", FEED, answers(13 * ONE // 10))
        await empty_blocks(chain, 1)
        view = await reader.read()
        assert rates(view) == [D("1.3")]
        (pool,) = (pool for pool in view.pools if pool.underlying0 == pool.underlying1)
        at_par = D("1.2") / D("1.3")
        assert min(pool.price, 1 / pool.price) == pytest.approx(at_par)


@pytest.mark.chain
@pytest.mark.parametrize(("age", "is_read"), [(0, True), (90_000, True), (3 * 86_400 + 60, False), (10**7, False)])
async def test_a_feed_that_nobody_feeds_any_more_tells_no_rate(chain: LocalChain, age: int, *, is_read: bool) -> None:
    config = await scene(chain, RateRead(RateSource.CHAINLINK, FEED))
    now = int((await chain.rpc.call("eth_getBlockByNumber", "latest", False))["timestamp"], 16)
    await chain.rpc.call("anvil_setCode", FEED, answers(7, 12 * ONE // 10, now - age, now - age, 7))
    async with reading(config) as reader:
        view = await reader.read()
        assert rates(view) == ([D("1.2")] if is_read else [])
        assert is_read or "no new rate for days" in view.left_out[0].reason


@pytest.mark.chain
async def test_a_vault_is_asked_for_one_whole_share(chain: LocalChain) -> None:
    config = await scene(chain, RateRead(RateSource.ERC4626, FEED))
    await chain.rpc.call("anvil_setCode", FEED, SHARES_AT_1_2)
    async with reading(config) as reader:
        assert rates(await reader.read()) == [D("1.2")]


@pytest.mark.chain
@pytest.mark.parametrize("code", [REVERTS, answers(0), answers(2**255), "0x00", "0xfe"])
async def test_without_a_sensible_rate_the_position_is_left_out_and_the_others_are_read(
    chain: LocalChain, code: str
) -> None:
    config = await scene(chain, RateRead(RateSource.ST_ETH_PER_TOKEN, FEED))
    weth, usdc, owner = chain.at.weth, chain.at.usdc, chain.accounts[1]
    v2 = UniswapV2(chain)
    other = await v2.create_pair(weth.address, usdc.address)
    await chain.fund(owner, {weth: ONE, usdc: 2000 * 10**6})
    await chain.mine(v2.add(owner, weth.address, usdc.address, ONE, 2000 * 10**6))
    deployed = config.protocols[0]
    both = UniswapV2Settings(pairs=(*deployed.settings.counted, other))  # type: ignore[arg-type] # they are addresses
    config = replace(config, protocols=(replace(deployed, settings=both),))
    await chain.rpc.call("anvil_setCode", FEED, answers(ONE))
    async with reading(config) as reader:
        before = await reader.read()
        await chain.rpc.call("anvil_setCode", FEED, code)
        await empty_blocks(chain, 1)
        view = await reader.read()
    assert len(before.positions) == 2
    assert [item.id for item in view.positions] == [f"local:uniswap_v2:{other}"]
    (left,) = view.left_out
    assert (left.position, left.is_discovered) == (f"local:uniswap_v2:{deployed.settings.counted[0]}", False)
    assert "gives no sensible rate" in left.reason


@pytest.mark.chain
async def test_decimals_may_be_configured_for_a_token_that_does_not_tell_them(chain: LocalChain) -> None:
    owner = chain.accounts[1]
    odd = await chain.deploy_token("ODD", 18)
    pair = await UniswapV2(chain).create_pair(odd.address, chain.at.weth.address)
    await chain.rpc.call("anvil_setCode", odd.address, WITHOUT_DECIMALS)
    silent = replace(config_of(chain, owners=[owner], pairs=[pair]), tokens={odd.address: TokenMapping(ETH)})
    async with reading(silent) as reader:
        with pytest.raises(ConfigError, match=rf'and chains.local.tokens."{odd.address}".decimals'):
            await reader.check()
    told = replace(silent, tokens={odd.address: TokenMapping(ETH, decimals=6)})
    async with reading(told) as reader:
        await reader.check()


@pytest.mark.chain
async def test_a_configured_token_that_told_nothing_for_a_while_is_asked_at_each_block(chain: LocalChain) -> None:
    """A stranger's is asked ever more seldom; that is no way to treat one that the exposure hangs on."""
    owner = chain.accounts[1]
    odd = await chain.deploy_token("ODD", 18)
    pair = await UniswapV2(chain).create_pair(odd.address, chain.at.weth.address)
    code = await chain.rpc.call("eth_getCode", odd.address, "latest")
    config = replace(config_of(chain, owners=[owner], pairs=[pair]), tokens={odd.address: TokenMapping(ETH)})
    async with reading(config) as reader:
        await chain.rpc.call("anvil_setCode", odd.address, WITHOUT_DECIMALS)
        for _ in range(5):
            assert (await reader.read()).left_out
            await empty_blocks(chain, 1)
        await chain.rpc.call("anvil_setCode", odd.address, code)
        assert not (await reader.read()).left_out


@pytest.mark.chain
async def test_decimals_that_change_behind_a_proxy_are_not_followed(chain: LocalChain) -> None:
    config = await scene(chain, RateRead(RateSource.ST_ETH_PER_TOKEN, FEED))
    (staked,) = config.tokens
    await chain.rpc.call("anvil_setCode", FEED, answers(12 * ONE // 10))
    async with reading(replace(config, limits=replace(config.limits, confirm=True))) as reader:
        before = (await reader.read()).positions
        code = await chain.rpc.call("eth_getCode", staked, "latest")
        await chain.rpc.call("anvil_setCode", staked, answers(6))
        await empty_blocks(chain, 1)
        view = await reader.read()
        tokens = {token.address: token.decimals for item in view.positions for token in (item.token0, item.token1)}
        assert tokens.get(staked, 18) == 18
        await chain.rpc.call("anvil_setCode", staked, code)
        await empty_blocks(chain, 1)
        assert (await reader.read()).positions == before
