"""An endpoint that is switched to another chain while it is read: no word of it counts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.chain.batched_reads import Facts, Reads
from bot.chain.identity import SameChain
from bot.chain.multicall import Failed, Result
from bot.chain.protocol import Found
from bot.core.errors import Retryable
from bot.demo.chain import LocalChain
from bot.demo.node import Anvil, AnvilOptions
from bot.demo.rpc import Rpc
from tests.chain.scene import Scene
from tests.chain.setup import local
from tests.chain.test_confirmation import endpoints, held, truth
from tests.chain.test_head_tracker import block
from tests.demo.tricks import empty_blocks
from tests.faults.nodes import honest

pytestmark = pytest.mark.chain


@pytest.fixture
async def elsewhere(chain: LocalChain) -> AsyncIterator[str]:
    """Return the URL of another chain, a little ahead, with the same contracts and pools, and three times as much."""
    async with Anvil(AnvilOptions(chain_id=10)) as node, Rpc(node.url) as rpc:
        other = await Scene.on(await LocalChain.deploy(rpc))
        await other.chain.mine(other.v3.increase(other.owner, other.token_id, 2 * 10**19, 4 * 10**10))
        await empty_blocks(other.chain, int(await chain.rpc.call("eth_blockNumber"), 16) + 20)
        yield node.url


@pytest.mark.parametrize("multicall", [True, False])
async def test_an_endpoint_of_another_chain_is_waited_for_with_a_clear_word(
    chain: LocalChain, elsewhere: str, *, multicall: bool
) -> None:
    scene = await Scene.on(chain)
    scene.config = scene.config if multicall else replace(scene.config, multicall=None)
    async with endpoints(scene, [honest]) as (reader, fronts):
        whole = await reader.read()
        fronts[0].upstream = elsewhere
        with pytest.raises(Retryable, match=r"is of chain 10 now, and not of 31337"):
            await reader.read()
        fronts[0].upstream = chain.rpc.url
        await empty_blocks(chain, 1)
        assert held(await reader.read()) == held(whole)


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("multicall", [True, False])
async def test_beside_an_honest_one_it_costs_nothing_but_time(
    chain: LocalChain, elsewhere: str, place: int, *, multicall: bool
) -> None:
    scene = await Scene.on(chain)
    scene.config = scene.config if multicall else replace(scene.config, multicall=None)
    async with endpoints(scene, [honest, honest]) as (reader, fronts):
        fronts[place].upstream = elsewhere
        for _ in range(3):
            assert held(await reader.read()) == await truth(scene)
            await empty_blocks(chain, 1)


@pytest.mark.parametrize("answer", [Failed(b""), b""])
def test_a_multicall_that_does_not_tell_its_chain_is_asked_once(chain: LocalChain, answer: Result) -> None:
    source, first, later = SameChain(local(chain, [], owners=[])), *(Reads(Facts(), block(at)) for at in (1, 2))
    source.read(first, Found())
    (call,) = first.wanted
    first.add([call], [answer])
    source.read(first, Found())
    source.read(later, Found())
    assert not later.wanted
