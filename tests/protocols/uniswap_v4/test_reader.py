"""Uniswap V4: which positions are found, followed and refused, and what is wrong, named."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from eth_utils.crypto import keccak

from bot.chain import json_rpc
from bot.chain.config import ChainConfig
from bot.chain.reader import EvmChainReader
from bot.chain.trail import MemoryNotes
from bot.clock import SystemClock
from bot.core.errors import ConfigError
from bot.core.snapshot import ChainView, EntrySource
from bot.core.types import USD, Address, PositionId, Underlying
from bot.demo.chain import LocalChain
from bot.demo.tx import MUCH_GAS, Tx, address_of, arguments
from bot.demo.uniswap_v4 import NATIVE, Key, UniswapV4
from bot.protocols.registry import sources
from bot.protocols.uniswap_v4.settings import NAME
from tests.chain.setup import behind, local, reading
from tests.demo.tricks import empty_blocks, get_storage, set_storage
from tests.faults.rpc import Fault, FaultyRpc, serving
from tests.protocols.uniswap_v4.contracts import extra_code
from tests.protocols.uniswap_v4.test_truth import deployment

pytestmark = pytest.mark.chain

ETHER_AT_2000 = 3543191142285914205922034
"""sqrtPriceX96 of 2,000 USDC (6 decimals) for one ether."""
RANGE = (-204000, -197400)
AMOUNTS = (10**19, 2 * 10**10)
ANY_HOOK = "0x5f355f5260405ff3"
"""Code that answers every call with its own selector: all that adding liquidity asks of a hook."""


@dataclass
class Scene:
    """A pool of ether and USDC, and an owner."""

    v4: UniswapV4
    key: Key
    owner: Address

    @property
    def chain(self) -> LocalChain:
        return self.v4.chain

    def config(self, **more: object) -> ChainConfig:
        return local(self.chain, [deployment(self.v4, **more)], owners=[self.owner])

    async def open(self, hook: Address = NATIVE, owner: Address | None = None) -> int:
        key = replace(self.key, hook=hook)
        if not (await self.v4.slot0(key))[0]:
            await self.v4.create_pool(key, ETHER_AT_2000)
        return await self.v4.open(owner or self.owner, key, RANGE, AMOUNTS)

    async def give(self, token_id: int, to: Address) -> None:
        await self.chain.mine(self.v4.give(self.owner, to, token_id))


@pytest.fixture
async def scene(chain: LocalChain) -> Scene:
    v4 = await UniswapV4.deploy(chain)
    for account in chain.accounts[:4]:
        await chain.fund(account, {chain.at.usdc: 10**14})
        await v4.allow(account, [chain.at.usdc.address])
    return Scene(v4, Key(NATIVE, chain.at.usdc.address, 3000, 60), chain.accounts[1])


@asynccontextmanager
async def noting(config: ChainConfig, notes: MemoryNotes) -> AsyncIterator[EvmChainReader]:
    reader = EvmChainReader(config, sources, SystemClock(), notes=notes)
    try:
        yield reader
    finally:
        await reader.close()


def ids(view: ChainView) -> set[int]:
    return {int(position.id.rpartition(":")[2]) for position in view.positions}


def name(token_id: int) -> PositionId:
    return PositionId(f"local:{NAME}:{token_id}")


class Forgetful(FaultyRpc):
    """A node that keeps no logs, and says so by an empty list."""

    async def _forward(self, body: dict[str, Any]) -> dict[str, Any]:
        answer = await super()._forward(body)
        return {**answer, "result": []} if body["method"] == "eth_getLogs" else answer


async def test_the_chain_s_own_coin_is_ether_and_prices_the_pool(scene: Scene) -> None:
    token_id = await scene.open()
    async with reading(scene.config()) as reader:
        await reader.check()
        view = await reader.read()
    (position,) = view.positions
    assert (position.id, position.pool, position.protocol) == (name(token_id), scene.key.id, NAME)
    assert (position.token0.underlying, position.token0.decimals, position.token1.underlying) == ("ETH", 18, USD)
    (price,) = view.pools
    assert (price.underlying0, price.pool) == (Underlying("ETH"), scene.key.id)
    assert float(price.price) == pytest.approx(2000, rel=1e-6)


async def test_what_the_owner_gets_and_gives_is_followed_and_the_logs_are_read_when_the_count_differs(
    scene: Scene,
) -> None:
    chain, friend = scene.chain, scene.chain.accounts[2]
    first = await scene.open()
    async with serving(FaultyRpc(chain.rpc.url)) as node, reading(behind(scene.config(), node.url)) as reader:
        assert ids(await reader.read()) == {first}
        asked = node.requests.count("eth_getLogs")
        await empty_blocks(chain, 3)
        assert ids(await reader.read()) == {first}
        assert node.requests.count("eth_getLogs") == asked
        second = await scene.open()
        gift = await scene.open(owner=friend)
        assert ids(await reader.read()) == {first, second}
        await chain.mine(scene.v4.give(friend, scene.owner, gift))
        assert ids(await reader.read()) == {first, second, gift}
        reader.follow([name(second), name(gift)])
        await scene.give(second, friend)
        view = await reader.read()
        assert (ids(view), view.moved, view.left_out) == ({first, gift}, (), ())
        await chain.mine(scene.v4.give(friend, scene.owner, second))
        assert ids(await reader.read()) == {first, second, gift}
        await scene.give(first, friend)  # nobody follows it
        assert ids(await reader.read()) == {second, gift}
        await chain.mine(scene.v4.give(friend, scene.owner, first))
        assert ids(await reader.read()) == {first, second, gift}
        await chain.mine(scene.v4.burn(scene.owner, scene.key, gift))
        view = await reader.read()
        assert (ids(view), view.moved, view.left_out) == ({first, second}, (), ())


async def test_what_a_contract_took_is_moved_with_its_holder_and_its_amounts(scene: Scene) -> None:
    token_id = await scene.open()
    farm = scene.chain.at.usdc.address  # any contract
    async with reading(scene.config()) as reader:
        (before,) = (await reader.read()).positions
        reader.follow([before.id])
        await scene.give(token_id, farm)
        view = await reader.read()
    assert view.positions == ()
    ((moved, holder),) = ((one.position, one.holder) for one in view.moved)
    assert (moved.id, moved.amounts, holder) == (before.id, before.amounts, farm)


async def test_increase_and_decrease_are_seen_in_the_next_block(scene: Scene) -> None:
    token_id = await scene.open()
    async with reading(scene.config()) as reader:
        (before,) = (await reader.read()).positions
        await scene.chain.mine(scene.v4.increase(scene.owner, scene.key, token_id, before.curve.liquidity))
        (grown,) = (await reader.read()).positions
        assert grown.curve.liquidity == 2 * before.curve.liquidity
        await scene.chain.mine(scene.v4.decrease(scene.owner, scene.key, token_id, grown.curve.liquidity))
        assert (await reader.read()).positions == ()


async def test_a_search_goes_on_where_it_was_broken_off_and_survives_a_restart(scene: Scene) -> None:
    """The endpoint takes 20 blocks of logs, and fails after a few requests of each start."""
    chain = scene.chain
    old = await scene.open()
    await empty_blocks(chain, 500)
    new = await scene.open()
    notes, most = MemoryNotes(), 14
    async with serving(FaultyRpc(chain.rpc.url, max_log_range=20)) as node:
        left = most

        async def broken() -> None:
            nonlocal left
            left -= 1
            node.fault = Fault.ERROR if left < 0 else Fault.NONE

        node.only, node.before = "eth_getLogs", {"eth_getLogs": broken}
        config = behind(scene.config(), node.url)
        seen, lows = [], []
        for _ in range(40):
            left, node.fault = most, Fault.NONE
            async with noting(config, notes) as reader:
                view = await reader.read()
            seen.append(ids(view))
            if not view.left_out:
                break
            (left_out,) = view.left_out
            assert left_out.position == f"local:{NAME}:{scene.owner}"
            assert "positions of" in left_out.reason
            lows.append(notes.note(f"local:{NAME}:{scene.v4.at.positions}"))
    assert seen[-1] == {old, new}
    assert {new} in seen
    assert len(set(lows)) == len(lows), "every start got further back"


async def test_an_endpoint_without_old_logs_is_named_and_an_id_finds_the_position(scene: Scene) -> None:
    token_id = await scene.open()

    async with serving(Forgetful(scene.chain.rpc.url)) as node:
        async with reading(behind(scene.config(), node.url)) as reader:
            await reader.read()
            (left_out,) = (await reader.read()).left_out
            assert "1 of the 1 positions" in left_out.reason
            assert "name them in token_ids" in left_out.reason
        async with reading(behind(scene.config(token_ids=[token_id]), node.url)) as reader:
            view = await reader.read()
        assert (ids(view), view.left_out) == ({token_id}, ())
        async with reading(behind(scene.config(), node.url)) as reader:  # what the journal remembers
            reader.follow([name(token_id)])
            assert ids(await reader.read()) == {token_id}


async def test_a_million_gifts_hide_nothing_that_was_found_and_one_alarm_tells(scene: Scene) -> None:
    """The manager's count says a million; its Transfer events tell of three."""
    mine = {await scene.open() for _ in range(3)}
    manager, slot = scene.v4.at.positions, await balance_slot(scene)
    await set_storage(scene.chain, manager, slot, 10**6)
    async with reading(scene.config()) as reader:
        await reader.check()
        for _ in range(2):
            view = await reader.read()
            assert ids(view) == mine
            (left_out,) = view.left_out
            assert "holds 1000000 positions" in left_out.reason
            assert "only_positions" in left_out.reason
            await empty_blocks(scene.chain, 1)
    only = replace(scene.config(), only_positions=frozenset({f"{NAME}:{min(mine)}", f"{NAME}:77"}))
    async with reading(only) as reader:
        view = await reader.read()
        assert (ids(view), view.left_out, reader.is_searching) == ({min(mine)}, (), False)


async def balance_slot(scene: Scene) -> int:
    """Find the storage slot of what the manager counts of the owner: a mapping's, by trial."""
    manager = scene.v4.at.positions
    for number in range(20):
        slot = keccak(json_rpc.encode_address(scene.owner) + json_rpc.encode_uint(number))
        found = int.from_bytes(slot, "big")
        if await get_storage(scene.chain, manager, found) == 3:
            return found
    raise AssertionError("no slot counts three")


@pytest.mark.parametrize(
    ("bits", "words"),
    [
        ("0101", "may take what it likes of a withdrawal"),
        ("0200", "may stop it"),
        ("0100", "may stop it"),
        ("3ec0", "may stop it"),
        ("00c0", None),
        ("3c32", None),
    ],
)
async def test_a_hook_that_touches_withdrawals_is_refused_unless_it_is_accepted(
    scene: Scene, bits: str, words: str | None
) -> None:
    hook = address_of(f"0x{'ab' * 18}{bits}")
    await scene.chain.rpc.call("anvil_setCode", hook, ANY_HOOK)
    token_id = await scene.open(hook)
    for more in ({}, {"token_ids": [token_id], "discover": False}):
        async with reading(scene.config(**more)) as reader:
            view = await reader.read()
        if words is None:
            assert (ids(view), view.left_out) == ({token_id}, ())
            continue
        (left_out,) = view.left_out
        assert (view.positions, left_out.position, left_out.is_discovered) == ((), name(token_id), not more)
        assert words in left_out.reason
        assert f"chains.local.{NAME}[1].accept_hooks" in left_out.reason
    async with reading(scene.config(accept_hooks=[hook])) as reader:
        assert ids(await reader.read()) == {token_id}


async def test_a_hook_that_takes_pays_less_than_the_pool_says(scene: Scene) -> None:
    """Why it is refused: the package's own hook takes 5.43% of a withdrawal."""
    chain, hook = scene.chain, address_of(f"0x{'cd' * 18}0101")
    await chain.fund(scene.owner, {chain.at.weth: 10**20})
    await scene.v4.allow(scene.owner, [chain.at.weth.address])
    scene = replace(scene, key=replace(scene.key, token0=chain.at.weth.address))
    code = extra_code("FeeTakingHook") + arguments("(address)", scene.v4.at.pools)
    (made,) = (await chain.mine(Tx(chain.accounts[0], None, code, gas=MUCH_GAS))).created
    await chain.rpc.call("anvil_setCode", hook, await chain.rpc.call("eth_getCode", made, "latest"))
    token_id = await scene.open(hook)
    async with reading(scene.config(accept_hooks=[hook])) as reader:
        (position,) = (await reader.read()).positions
    held = position.curve.liquidity
    paid = await scene.v4.total(scene.owner, replace(scene.key, hook=hook), token_id, held)
    for one, said in zip(paid, (position.amounts.total0, position.amounts.total1), strict=True):
        assert one == pytest.approx(said * (1 - 0.0543), rel=1e-6)


async def test_what_is_wrong_is_named_with_its_key(scene: Scene) -> None:
    at = f"chains.local.{NAME}[1]"
    other = await UniswapV4.deploy(scene.chain)
    cases = (
        ({"position_manager": scene.chain.at.v3_positions}, "position_manager", "is no contract of that kind"),
        ({"position_manager": scene.chain.accounts[7]}, "position_manager", "there is no contract at"),
        ({"state_view": scene.v4.at.pools}, "state_view", "is no contract of that kind"),
        ({"state_view": other.at.view}, "state_view", f"reads the pools of {other.at.pools}"),
    )
    for more, key, words in cases:
        async with reading(scene.config(**more)) as reader:
            with pytest.raises(ConfigError, match=words) as caught:
                await reader.check()
        assert str(caught.value).startswith(f"{at}.{key}: ")


async def test_a_configured_position_that_was_never_made_is_told_and_spoils_no_other(scene: Scene) -> None:
    token_id = await scene.open()
    async with reading(scene.config(token_ids=[token_id, token_id + 7])) as reader:
        await reader.check()
        view = await reader.read()
    assert [one.id for one in view.positions] == [f"local:{NAME}:{token_id}"]
    (left,) = view.left_out
    reason = f"chains.local.{NAME}[1].token_ids: there is no position {token_id + 7}, the newest is {token_id}"
    assert (left.position, left.reason) == (f"local:{NAME}:{token_id + 7}", reason)


async def test_a_configured_position_that_was_burned_is_gone(scene: Scene) -> None:
    token_id = await scene.open()
    await scene.chain.mine(scene.v4.burn(scene.owner, scene.key, token_id))
    async with reading(scene.config(token_ids=[token_id])) as reader:
        await reader.check()
        view = await reader.read()
    assert (view.positions, view.left_out) == ((), ())


async def test_a_stranger_s_position_is_not_ours_and_an_unknown_token_spoils_its_own_only(scene: Scene) -> None:
    chain = scene.chain
    mine, _theirs = await scene.open(), await scene.open(owner=chain.accounts[3])
    odd = await chain.deploy_token("ODD", 18)
    await chain.fund(chain.accounts[3], {odd: 10**30})
    await scene.v4.allow(chain.accounts[3], [odd.address])
    key = Key(NATIVE, odd.address, 3000, 60)
    await scene.v4.create_pool(key, 2**96)
    gift = await scene.v4.open(chain.accounts[3], key, (-600, 600), (10**15, 10**15))
    await chain.mine(scene.v4.give(chain.accounts[3], scene.owner, gift))
    async with reading(scene.config()) as reader:
        await reader.check()
        view = await reader.read()
    (left_out,) = view.left_out
    assert (ids(view), left_out.position, left_out.is_discovered) == ({mine}, name(gift), True)


async def test_the_entry_is_what_was_deposited_less_the_share_that_was_taken_out(scene: Scene) -> None:
    chain, v4, usdc = scene.chain, scene.v4, scene.chain.at.usdc.address

    async def purse() -> tuple[int, int]:
        ether = int(await chain.rpc.call("eth_getBalance", scene.owner, "latest"), 16)
        return ether, await chain.balance(usdc, scene.owner)

    had = await purse()
    token_id = await scene.open()
    first = tuple(then - now for then, now in zip(had, await purse(), strict=True))
    trader, low = chain.accounts[0], ETHER_AT_2000 // 2
    await chain.mine(v4.swap(trader, scene.key, 10**18, low, zero_for_one=True))
    await scene.open()  # another position of the owner's in the same pool
    await chain.mine(v4.swap(trader, scene.key, 10**18, low, zero_for_one=True))
    async with reading(scene.config()) as reader:
        view = await reader.read()
        (position,) = (one for one in view.positions if one.id == name(token_id))
        entry = await reader.entry(position)
        assert entry is not None
        assert ((entry.amount0, entry.amount1), entry.source) == (first, EntrySource.MINT_EVENTS)
        held = position.curve.liquidity
        fees = position.amounts.fees0, position.amounts.fees1
        had = await purse()
        await chain.mine(v4.increase(scene.owner, scene.key, token_id, held // 2))
        now = await purse()
        second = [then - after + fee for then, after, fee in zip(had, now, fees, strict=True)]
        await chain.mine(
            v4.decrease(scene.owner, scene.key, token_id, 0), v4.swap(trader, scene.key, 10**17, low, zero_for_one=True)
        )
        await chain.mine(v4.decrease(scene.owner, scene.key, token_id, held // 4))
        view = await reader.read()
        (position,) = (one for one in view.positions if one.id == name(token_id))
        entry = await reader.entry(position)
    assert entry is not None
    left, whole = position.curve.liquidity, held + held // 2
    expected = [(one + two) * left // whole for one, two in zip(first, second, strict=True)]
    assert [entry.amount0, entry.amount1] == pytest.approx(expected, abs=2)
