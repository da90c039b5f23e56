"""What a fork's protocol takes is told by the pair's own events, and by nothing that is not sure."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chain.client import RpcClient
from bot.chain.config import ChainConfig, Deployment
from bot.chain.logs import Logs
from bot.chain.reader import EvmChainReader
from bot.chain.trail import MemoryNotes
from bot.clock import SystemClock
from bot.core.amm.constant_product import ConstantProductPosition
from bot.core.snapshot import LpPosition
from bot.core.types import Address
from bot.demo.chain import Erc20, LocalChain
from bot.demo.uniswap_v2 import UniswapV2
from bot.protocols.registry import sources
from bot.protocols.uniswap_v2.settings import UniswapV2Settings
from bot.protocols.uniswap_v2.share import ShareSearch, share_of
from tests.chain.setup import PATIENT, behind, local
from tests.demo.tricks import set_fee_to, take_a_quarter
from tests.faults.rpc import Fault, FaultyRpc, serving
from tests.protocols.fork_scene import PAIRINGS, tokens_of

SHARES = [Fraction(1, 6), Fraction(1, 4)]


@given(
    share=st.builds(lambda part, more: Fraction(part, part + more), st.integers(1, 30), st.integers(1, 60)),
    supply=st.integers(10**3, 10**30),
    last=st.integers(10**3, 10**30),
    grown=st.integers(1, 10**27),
    blur=st.integers(0, 10),
)
def test_no_growth_tells_another_share(share: Fraction, supply: int, last: int, grown: int, blur: int) -> None:
    """By the pair's own arithmetic; ``blur`` is what is not known about the supply."""
    root, (part, whole) = last + grown, share.as_integer_ratio()
    taken = supply * grown * part // (root * (whole - part) + last * part)
    interval = Fraction(supply + taken), Fraction(supply + taken + blur)
    assert share_of(taken, interval, root, last) in {None, share}


def test_much_growth_tells_the_share() -> None:
    for share in (Fraction(1, 6), Fraction(8, 25), Fraction(1, 4), Fraction(5, 6), Fraction(1, 2)):
        supply, root, last, (part, whole) = 10**24, 1001 * 10**21, 10**24, share.as_integer_ratio()
        taken = supply * (root - last) * part // (root * (whole - part) + last * part)
        assert share_of(taken, (Fraction(supply + taken), Fraction(supply + taken)), root, last) == share


async def pair_of(
    chain: LocalChain, share: Fraction, decimals: tuple[int, int] = (18, 18)
) -> tuple[Address, tuple[Erc20, Erc20]]:
    """Make a pair that takes a share, with a deposit of an owner's and one of somebody else's."""
    v2, tokens = UniswapV2(chain), await tokens_of(chain, decimals)
    pair = await v2.create_pair(tokens[0].address, tokens[1].address)
    if share == Fraction(1, 4):
        await take_a_quarter(chain, pair)
    await set_fee_to(chain, chain.accounts[9])
    for account in chain.accounts[1:3]:
        await chain.mine(v2.add(account, tokens[0].address, tokens[1].address, *whole(tokens, 10**6)))
    return pair, tokens


def whole(tokens: tuple[Erc20, Erc20], amount: int) -> tuple[int, int]:
    return amount * 10 ** tokens[0].decimals, amount * 10 ** tokens[1].decimals


async def trade(chain: LocalChain, tokens: tuple[Erc20, Erc20], draw: random.Random, *, tiny: bool = False) -> None:
    side = draw.randrange(2)
    amount = 10**5 if tiny else draw.randrange(10**2, 10**5) * 10 ** tokens[side].decimals // 10
    sold, bought = tokens[side].address, tokens[1 - side].address
    await chain.mine(UniswapV2(chain).swap(chain.accounts[3], sold, bought, amount), may_revert=True)


def config_of(chain: LocalChain, pair: Address, tokens: tuple[Erc20, Erc20], share: str | None = None) -> ChainConfig:
    settings = UniswapV2Settings(pairs=(pair,), protocol_share=share)
    deployment = Deployment("uniswap_v2", "chains.local.uniswap_v2[1]", settings)
    return local(chain, [deployment], owners=chain.accounts[1:2], mapped=[token.address for token in tokens])


async def read(config: ChainConfig, notes: MemoryNotes | None = None) -> LpPosition:
    reader = EvmChainReader(config, sources, SystemClock(), notes=notes)
    try:
        (position,) = (await reader.read()).positions
    finally:
        await reader.close()
    return position


async def pays(chain: LocalChain, pair: Address) -> tuple[int, int]:
    return await UniswapV2(chain).burn_pays(pair, await chain.balance(pair, chain.accounts[1]))


@pytest.mark.chain
@pytest.mark.parametrize("share", SHARES)
async def test_a_fork_s_share_is_measured_and_what_burn_pays_is_read(chain: LocalChain, share: Fraction) -> None:
    draw, v2 = random.Random(1), UniswapV2(chain)
    pair, tokens = await pair_of(chain, share)
    config, notes = config_of(chain, pair, tokens), MemoryNotes()
    await trade(chain, tokens, draw)
    before = await read(config, notes)
    assert "is not known" in before.caveat
    assert isinstance(before.curve, ConstantProductPosition)
    assert (before.curve.protocol_part, before.curve.protocol_whole) == (1, 6)

    held = await chain.balance(pair, chain.accounts[2])
    for grows in (
        [v2.add(chain.accounts[2], tokens[0].address, tokens[1].address, *whole(tokens, 10**3))],
        v2.remove(chain.accounts[2], pair, held // 3),
    ):
        await chain.mine(*grows)
        for _ in range(3):
            await trade(chain, tokens, draw)
        fresh = MemoryNotes()
        position = await read(config, fresh)
        assert isinstance(position.curve, ConstantProductPosition)
        assert Fraction(position.curve.protocol_part, position.curve.protocol_whole) == share
        assert position.caveat == ""
        assert (position.amounts.principal0, position.amounts.principal1) == await pays(chain, pair)
        usual = replace(position.curve, protocol_part=1, protocol_whole=6)
        assert (usual.amounts() == position.amounts) == (share == Fraction(1, 6))
    told = await read(config_of(chain, pair, tokens, "1/5"))
    assert (
        told.caveat
        == f"chains.local.uniswap_v2[1].protocol_share is 1/5, and the protocol takes {share} of the growth there"
    )
    right = await read(config_of(chain, pair, tokens, str(share)))
    assert right.caveat == ""


@pytest.mark.chain
async def test_without_logs_it_counts_as_usual_and_says_so_and_what_is_noted_needs_none(chain: LocalChain) -> None:
    draw, v2, share = random.Random(2), UniswapV2(chain), Fraction(1, 4)
    pair, tokens = await pair_of(chain, share)
    await trade(chain, tokens, draw)
    await chain.mine(v2.add(chain.accounts[2], tokens[0].address, tokens[1].address, *whole(tokens, 10**3)))
    await trade(chain, tokens, draw)
    config, notes = config_of(chain, pair, tokens), MemoryNotes()
    assert (await read(config, notes)).caveat == ""
    async with serving(FaultyRpc(chain.rpc.url)) as node:
        node.fault, node.only = Fault.ERROR, "eth_getLogs"
        dumb = behind(config, node.url)
        assert "1/6 is taken for it" in (await read(dumb)).caveat
        position = await read(dumb, notes)
    assert position.caveat == ""
    assert (position.amounts.principal0, position.amounts.principal1) == await pays(chain, pair)


@pytest.mark.chain
async def test_what_it_tells_is_right_over_generated_scenes(chain: LocalChain) -> None:
    v2, found = UniswapV2(chain), dict.fromkeys(SHARES, 0)
    for seed, decimals in enumerate(PAIRINGS):
        share, draw, before = SHARES[seed % 2], random.Random(seed), await chain.snapshot()
        pair, tokens = await pair_of(chain, share, decimals)
        owner = chain.accounts[2]
        for _ in range(12):
            for _ in range(draw.randrange(3)):
                await trade(chain, tokens, draw, tiny=draw.random() < 0.5)
            held = await chain.balance(pair, owner)
            amounts = draw.choice([(10**4, 10**4), whole(tokens, draw.choice([1, 10**5]))])
            add = v2.add(owner, tokens[0].address, tokens[1].address, *amounts)
            remove = v2.remove(owner, pair, held // draw.choice([2, 10**6, 10**14]))
            gift = chain.transfer(owner, tokens[0].address, pair, 10 ** tokens[0].decimals)
            await chain.mine(
                *draw.choice([[add], list(remove), [add, add], [gift, add], [gift, *remove]]), may_revert=True
            )
            client = RpcClient((chain.rpc.url,), timeout=10, clock=SystemClock())
            try:
                search, notes = ShareSearch(pair, "k"), MemoryNotes()
                block = int(await chain.rpc.call("eth_blockNumber"), 16)
                told = await search.look(Logs(client, PATIENT), block, notes)
            finally:
                await client.close()
            assert search.found in {None, share}
            assert told == (notes.note("k") is not None)
            found[share] += told
        await chain.revert(before)
    assert min(found.values()) >= 10
