"""The search through an owner's transfers: it may be broken off anywhere, and comes to the same."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from bot.chain.client import RpcClient
from bot.chain.config import Limits
from bot.chain.logs import Logs
from bot.chain.trail import MemoryNotes, TrailSearch
from bot.clock import SystemClock
from bot.core.types import Address
from bot.demo.chain import LocalChain
from bot.ports import Notes
from tests.demo.tricks import empty_blocks
from tests.faults.rpc import FaultyRpc, serving

pytestmark = pytest.mark.chain


class Broken(Exception):  # noqa: N818 - what stands for ctrl-C
    pass


@dataclass
class Searching:
    """One owner's search on a chain, over an endpoint that allows 50 blocks a query."""

    rpc: FaultyRpc
    owner: Address
    said: list[tuple[int, int]] = field(default_factory=list)

    async def look(self, notes: Notes, block: int, *, break_after: int | None = None) -> TrailSearch:
        client = RpcClient((self.rpc.url,), timeout=5.0, clock=SystemClock())
        search, reports = TrailSearch((self.owner,), "key"), 0

        def progress(done: int, whole: int) -> None:
            nonlocal reports
            self.said.append((done, whole))
            reports += 1
            if reports == break_after:
                raise Broken

        try:
            await search.look(Logs(client, Limits(max_log_blocks=50)), block, notes, progress)
        finally:
            await client.close()
        return search

    async def block(self, chain: LocalChain) -> int:
        return int(await chain.rpc.call("eth_blockNumber"), 16)


async def test_it_ends_with_the_same_wherever_it_was_broken_off(chain: LocalChain) -> None:
    draw, owner, (farm, friend) = random.Random(1), chain.accounts[1], chain.accounts[5:7]
    tokens = [await chain.deploy_token(f"T{number}", 18) for number in range(3)]
    foreign = await chain.deploy_token("X", 18)
    for token in (*tokens, foreign):
        await chain.fund(friend, {token: 10**24})
    for token in tokens:
        await empty_blocks(chain, draw.randrange(20, 120))
        await chain.mine(chain.transfer(friend, token.address, owner, 5))
    await chain.mine(
        chain.transfer(owner, tokens[1].address, farm, 3), chain.transfer(friend, foreign.address, farm, 3)
    )
    await empty_blocks(chain, 130)
    async with serving(FaultyRpc(chain.rpc.url, max_log_range=50)) as rpc:
        searching, notes = Searching(rpc, owner), MemoryNotes()
        block = await searching.block(chain)
        whole = (await searching.look(MemoryNotes(), block)).trail
        assert set(whole.tokens) == {token.address for token in tokens}
        assert {token: set(to) for token, to in whole.farms.items()} == {tokens[1].address: {farm}}
        assert searching.said[-1] == (block + 1, block + 1)
        asked = rpc.requests.count("eth_getLogs")
        breaks = 0
        while True:
            try:
                found = (await searching.look(notes, block, break_after=2)).trail
                break
            except Broken:
                breaks += 1
        assert breaks > 2
        assert found == whole
        assert rpc.requests.count("eth_getLogs") - asked < asked + 8 * breaks, "it began anew"

        last = await chain.deploy_token("LAST", 18)
        await chain.fund(friend, {last: 10**24})
        await chain.mine(chain.transfer(friend, last.address, owner, 5))
        await empty_blocks(chain, 120)
        later = (await searching.look(notes, await searching.block(chain))).trail
        assert set(later.tokens) == {*whole.tokens, last.address}


async def test_a_flood_of_tokens_is_bounded_and_told(chain: LocalChain, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, friend = chain.accounts[1], chain.accounts[6]
    async with serving(FaultyRpc(chain.rpc.url)) as rpc:
        for number, most in enumerate((3, 3, 2)):
            monkeypatch.setattr("bot.chain.trail.MOST", most)
            token = await chain.deploy_token(f"R{number}", 18)
            await chain.fund(friend, {token: 10})
            await chain.mine(chain.transfer(friend, token.address, owner, 1))
            searching = Searching(rpc, owner)
            trail = (await searching.look(MemoryNotes(), await searching.block(chain))).trail
            assert len(trail.tokens) == min(number + 1, most)
            assert trail.is_full == (number == 2)


async def test_another_owner_begins_anew(chain: LocalChain) -> None:
    async with serving(FaultyRpc(chain.rpc.url)) as rpc:
        notes, block = MemoryNotes(), await Searching(rpc, chain.accounts[1]).block(chain)
        await Searching(rpc, chain.accounts[1]).look(notes, block)
        other = Searching(rpc, chain.accounts[2])
        asked = rpc.requests.count("eth_getLogs")
        await other.look(notes, block)
        assert rpc.requests.count("eth_getLogs") > asked
