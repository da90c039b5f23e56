"""What contracts answered that no package carries: our readers read it, and our own contracts answer in its shape."""

from __future__ import annotations

import pytest

from bot.chain import json_rpc
from bot.chain.abi import topic
from bot.chain.logs import Log
from bot.chain.pool_past import PARTS, PoolAbout, PoolStand, PoolToken
from bot.core.amm.liquidity_math import amount1_delta
from bot.core.amm.tick_math import sqrt_ratio_at_tick, tick_at_sqrt_ratio
from bot.core.types import Address
from bot.demo.chain import LocalChain
from bot.demo.pancake_v3 import PancakeV3
from bot.demo.uniswap_v3 import PoolKey
from bot.protocols import algebra, ramses, slipstream
from bot.protocols.concentrated.history import ConcentratedPast
from bot.protocols.concentrated.layout import Layout
from bot.protocols.ramses.reader import TICK_WORDS, entry_key
from tests.protocols.algebra.admin import community
from tests.protocols.algebra.camelot import Camelot
from tests.protocols.fork_scene import tokens_of
from tests.protocols.ramses.contracts import Ramses
from tests.recorded.contracts import FILES, Answer, answers, asked, events, fits
from tests.recorded.files import Certainty

STATES = answers("camelot_v3", "globalState()")
POOL = Address("0x2F0bCb4A8BD714953EEfd5339326ee0Ff62C5B62")
PIPS = 10**6


def test_each_names_its_source_and_is_of_its_types() -> None:
    for name in FILES:
        for answer in answers(name):
            assert len(answer.source) > 20
            assert answer.certainty is (Certainty.RECORDED if answer.words else Certainty.DOCUMENTED)
            assert not answer.words or fits(answer.types, answer.data)
        for event in events(name):
            assert len(event.source) > 20
            assert event.topics[0] == topic(event.event)


class Node:
    """A node that answers a recorded state; implements NodeCalls."""

    def __init__(self, state: Answer) -> None:
        self._state = state

    async def call(self, target: Address, data: bytes, block: str = "latest") -> bytes | None:
        del target, block
        known = {asked("globalState()"): self._state.data}
        known[asked("liquidity()")] = int(self._state.rest["liquidity"]).to_bytes(json_rpc.WORD)
        return known[f"0x{data.hex()}"]

    async def fact(self, target: Address, data: bytes) -> bytes:
        raise AssertionError((target, data))

    async def token(self, address: Address) -> PoolToken:
        raise AssertionError(address)


def past() -> ConcentratedPast:
    token = PoolToken(POOL, "T", 18)
    return ConcentratedPast(POOL, algebra.PAST, PoolAbout("algebra", 100, 60, token, token))


async def test_camelots_states_are_read() -> None:
    directed, even = [await past().stand(Node(state), "latest") for state in STATES]
    kept = PARTS * 850 // 1000
    root = 84125210470736011805469300802
    assert directed == PoolStand(100, 1199, 954140562773509808028, kept, kept, root, infers_fee=True, fee1=3000)
    assert even is not None
    assert (even.fee, even.fee1, even.tick, even.kept0) == (150, 150, -194869, kept)
    for state in STATES:
        assert tick_at_sqrt_ratio(state["price"]) == state["tick"]


def test_the_first_fee_is_that_of_token0() -> None:
    """By what the pool's own swaps paid."""
    (state,) = (state for state in STATES if state.rest["swaps"])
    price, liquidity = state["price"], int(state.rest["liquidity"])
    seen = set()
    for swap in state.rest["swaps"]:
        seen.add(swap["zero_for_one"])
        fee = algebra.PAST.fees(state.data)[0 if swap["zero_for_one"] else 1] if algebra.PAST.fees else None
        assert fee is not None
        amount = int(swap["in"]) * (PIPS - fee) // PIPS
        if swap["zero_for_one"]:
            after = -(-(liquidity << 96) * price // ((liquidity << 96) + amount * price))
            out = amount1_delta(after, price, liquidity)
        else:
            after = price + (amount << 96) // liquidity
            out = (liquidity << 96) * (after - price) // after // price
        assert out == int(swap["out"])
    assert seen == {True, False}


def test_camelots_positions_are_read() -> None:
    found = answers("camelot_v3", "positions(uint256)")
    layout = algebra.LAYOUT
    assert [one.words[layout.lower] for one in found] == [555, 3]
    for one in found:
        assert len(one.words) == layout.words
        owed = one["tokensOwed0"], one["tokensOwed1"]
        assert (one.words[layout.owed], one.words[layout.owed + 1]) == owed
        assert one.words[layout.liquidity] == one["liquidity"]
        assert one.words[layout.credited] == one["feeGrowthInside0LastX128"]


def test_camelots_deposits_are_read_to_the_last_unit() -> None:
    """What the pool took for the liquidity that it tells, by the closed form, rounded up."""
    deposits = algebra.LAYOUT.deposits
    seen = 0
    for event in events("camelot_v3", "IncreaseLiquidity(uint256,uint128,uint128,uint256,uint256,address)"):
        assert event.topics[0] == deposits.topic
        liquidity, amount0, amount1 = (json_rpc.uint(event.data, deposits.liquidity + word) for word in range(3))
        lower, upper = (sqrt_ratio_at_tick(tick) for tick in event.rest["ticks"])
        price = lower if event.rest["pool_tick"] < event.rest["ticks"][0] else lower + (amount1 << 96) // liquidity
        assert lower <= price < upper
        assert price == lower or tick_at_sqrt_ratio(price) == event.rest["pool_tick"]
        product = upper * price
        taken = -(-(liquidity << 96) * (upper - price) // product)
        unit = 0 if price == lower else (liquidity << 96) * (2**96 // liquidity + 1) // (price * price) + 1
        assert abs(taken - amount0) <= unit
        seen += price == lower
    assert seen == 1


def test_camelots_events_of_fees_and_shares_are_read() -> None:
    logs = [
        Log(POOL, event.topics, event.data, 1, at, "0x")
        for at, event in enumerate(events("camelot_v3"))
        if event.event.startswith(("Fee", "CommunityFee"))
    ]
    fees, shares = past().events(logs, {1: 0})
    assert (fees.fee, fees.fee1) == (100, 3000)
    assert (shares.kept0, shares.kept1) == (PARTS * 850 // 1000, PARTS * 850 // 1000)
    assert {log.topics[0] for log in logs} <= {*(past().logs[1][0] or ())}


@pytest.mark.parametrize(("name", "layout"), [("metadex03", slipstream.LAYOUT), ("ramses_v2", ramses.LAYOUT)])
def test_documented_words_are_those_that_the_reader_takes(name: str, layout: Layout) -> None:
    said = {one.call: one for one in answers(name)}
    manager, ticks = said["positions(uint256)"].names, said["ticks(int24)"].names
    assert len(manager) == layout.words
    assert [manager[at] for at in (layout.lower, layout.upper, layout.liquidity)] == [
        "tickLower",
        "tickUpper",
        "liquidity",
    ]
    assert manager[layout.credited : layout.credited + 2] == ["feeGrowthInside0LastX128", "feeGrowthInside1LastX128"]
    assert manager[layout.owed : layout.owed + 2] == ["tokensOwed0", "tokensOwed1"]
    outside, owed = layout.pool.outside, layout.pool.book_owed
    assert ticks[outside : outside + 2] == ["feeGrowthOutside0X128", "feeGrowthOutside1X128"]
    assert said["slot0()"].names[:2] == ["sqrtPriceX96", "tick"]
    assert said["positions(bytes32)"].names[owed : owed + 2] == ["tokensOwed0", "tokensOwed1"]


@pytest.mark.chain
async def test_camelots_double_answers_in_the_shape_of_the_recorded(chain: LocalChain) -> None:
    contracts, tokens = await Camelot.deploy(chain), await tokens_of(chain, (18, 18))
    owner = chain.accounts[1]
    await contracts.allow(owner, tokens)
    key = PoolKey(tokens[0].address, tokens[1].address, 0)
    pool = await contracts.create_pool(key, 2**96)
    token_id = await contracts.open(owner, key, (-600, 600), (10**18, 10**18))
    state, position = STATES[0], answers("camelot_v3", "positions(uint256)")[0]
    said = await chain.static_call({"to": pool, "data": asked(state.call)})
    assert fits(state.types, said)
    data = asked(position.call, json_rpc.encode_uint(token_id))
    assert fits(position.types, await chain.static_call({"to": contracts.manager, "data": data}))
    await chain.mine(*community(chain, contracts, pool, 150))
    logs = await chain.rpc.call("eth_getLogs", {"address": pool, "fromBlock": "0x0"})
    topics = {one["topics"][0] for one in logs}
    assert topic("CommunityFee(uint16,uint16)") in topics
    assert topic("CommunityFee(uint8,uint8)") not in topics


@pytest.mark.chain
async def test_pancakes_doubles_answer_in_the_documented_shape(chain: LocalChain) -> None:
    contracts, tokens = await PancakeV3.deploy(chain), await tokens_of(chain, (18, 18))
    owner = chain.accounts[1]
    await contracts.allow(owner, tokens)
    key = PoolKey(tokens[0].address, tokens[1].address, 500)
    pool = await contracts.create_pool(key, 2**96)
    await contracts.farm(pool)
    await chain.mine(contracts.pay(10**30, 2**32 - 1))
    token_id = await contracts.open(owner, key, (-600, 600), (10**18, 10**18))
    await chain.mine(contracts.stake(owner, token_id))
    mining = Address((await chain.view(pool, "(address)", "lmPool()"))[0])
    argument = {
        "positions(uint256)": json_rpc.encode_uint(token_id),
        "userPositionInfos(uint256)": json_rpc.encode_uint(token_id),
        "getLatestPeriodInfo(address)": json_rpc.encode_address(pool),
        "lmTicks(int24)": json_rpc.encode_int(-600),
    }
    for one in answers("pancake_v3"):
        target = mining if not one.contract else contracts.masterchef
        target = contracts.manager if one.call == "positions(uint256)" else target
        said = await chain.static_call({"to": target, "data": asked(one.call, argument.get(one.call, b""))})
        assert fits(one.types, said), one.call


@pytest.mark.chain
async def test_ramses_double_answers_in_the_documented_shape(chain: LocalChain) -> None:
    contracts, tokens = await Ramses.deploy(chain), await tokens_of(chain, (18, 18))
    owner = chain.accounts[1]
    await contracts.allow(owner, tokens)
    key = PoolKey(tokens[0].address, tokens[1].address, 3000)
    pool = await contracts.create_pool(key, 2**96)
    token_id = await contracts.open(owner, key, (-600, 600), (10**18, 10**18))
    argument = {
        "positions(uint256)": json_rpc.encode_uint(token_id),
        "ticks(int24)": json_rpc.encode_int(-600),
        "positions(bytes32)": entry_key(contracts.manager, token_id, -600, 600),
    }
    for one in answers("ramses_v2"):
        target = contracts.manager if one.contract else pool
        said = await chain.static_call({"to": target, "data": asked(one.call, argument.get(one.call, b""))})
        assert fits(one.types, said), one.call
        assert one.call != "ticks(int24)" or len(one.types) == TICK_WORDS
        assert one.call != "positions(bytes32)" or json_rpc.uint(said)
