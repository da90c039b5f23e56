"""What leaps is confirmed: one endpoint that lies moves nothing, a real change is followed within two blocks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import pytest

from bot.chain.batched_reads import ContractError
from bot.chain.reader import EvmChainReader
from bot.core.errors import Retryable, SkipCycle
from bot.core.snapshot import ChainView, LpPosition
from bot.core.types import PositionId
from bot.demo.chain import LocalChain
from bot.demo.tx import Tx
from bot.ports import Clock
from tests.chain.scene import Scene
from tests.chain.setup import PATIENT, behind, reading
from tests.demo.tricks import empty_blocks
from tests.faults import nodes
from tests.faults.nodes import Answer, Json, Node, honest, node

pytestmark = pytest.mark.chain

Play = Callable[[Node, Json], Awaitable[Answer]]
LIES: dict[str, Play] = {
    "a V3 position's liquidity, times 3": nodes.lying("positions(uint256)", 7, lambda told: told * 3),
    "a V3 position's liquidity, a third": nodes.lying("positions(uint256)", 7, lambda told: told // 3),
    "two thirds of the LP tokens": nodes.lying("balanceOf(address)", 0, lambda told: told * 2 // 3 or told),
    "LP tokens, times 3": nodes.lying("balanceOf(address)", 0, lambda told: told * 3),
    "the supply of LP tokens, a third": nodes.lying("totalSupply()", 0, lambda told: told // 3),
    "nothing is owned any more": nodes.lying("balanceOf(address)", 0, lambda _: 0),
    "fees that grew over night": nodes.lying("feeGrowthGlobal0X128()", 0, lambda told: told + 2**137),
}


@asynccontextmanager
async def endpoints(
    scene: Scene, plays: Sequence[Play], *, confirm: bool = True, clock: Clock | None = None
) -> AsyncIterator[tuple[EvmChainReader, list[Node]]]:
    async with AsyncExitStack() as stack:
        fronts = [await stack.enter_async_context(node(scene.chain.rpc.url, play)) for play in plays]
        config = behind(scene.config, *(front.url for front in fronts), limits=replace(PATIENT, confirm=confirm))
        yield await stack.enter_async_context(reading(config, clock)), fronts


def held(view: ChainView) -> dict[PositionId, LpPosition]:
    return {position.id: position for position in view.positions}


async def truth(scene: Scene) -> dict[PositionId, LpPosition]:
    async with reading(scene.config) as reader:
        return held(await reader.read())


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("place", [0, 1])
async def test_one_endpoint_of_two_that_lies_moves_nothing(chain: LocalChain, lie: str, place: int) -> None:
    scene = await Scene.on(chain)
    async with endpoints(scene, [honest, honest]) as (reader, fronts):
        await reader.read()
        fronts[place].play = LIES[lie]
        for number in range(6):
            await chain.mine(scene.buy(10**9 + number))
            view = await reader.read()
            assert held(view) == await truth(scene)
            assert not view.left_out


@pytest.mark.parametrize("lie", LIES)
async def test_one_endpoint_alone_that_lies_for_a_block_moves_nothing(chain: LocalChain, lie: str) -> None:
    scene = await Scene.on(chain)
    async with endpoints(scene, [honest]) as (reader, fronts):
        before = held(await reader.read())
        for number in range(3):
            fronts[0].play = LIES[lie]
            await chain.mine(scene.buy(10**9 + number))
            try:
                view, whole = await reader.read(), await truth(scene)
            except (SkipCycle, ContractError):  # it contradicts itself, and with nobody else to ask nothing is decided
                fronts[0].play = honest
                continue
            left_out = {item.position for item in view.left_out}
            for key, position in held(view).items():
                assert position == whole[key]
                assert key not in left_out
            assert left_out <= before.keys()
            if "any more" not in lie:  # what is gone is for the decision to doubt: it counts the blocks
                assert left_out | held(view).keys() == before.keys()
                assert left_out
            fronts[0].play = honest
            await chain.mine(scene.buy(10**9))
            view = await reader.read()
            if "any more" in lie:  # what comes back is new, and has to be confirmed as such
                await chain.mine(scene.buy(10**9))
                view = await reader.read()
            assert held(view) == await truth(scene)


@pytest.mark.parametrize("lie", ["a V3 position's liquidity, a third", "fees that grew over night"])
async def test_without_confirmation_the_lie_counts(chain: LocalChain, lie: str) -> None:
    scene = await Scene.on(chain)
    async with endpoints(scene, [honest], confirm=False) as (reader, fronts):
        await reader.read()
        fronts[0].play = LIES[lie]
        await chain.mine(scene.buy(10**9))
        assert held(await reader.read()) != await truth(scene)


def changes(scene: Scene, liquidity: int, lp: int) -> dict[str, list[Tx]]:
    v3, v2, owner = scene.v3, scene.v2, scene.owner
    weth, usdc = scene.tokens
    return {
        "a V3 deposit": [v3.increase(owner, scene.token_id, 10**19, 2 * 10**10)],
        "a V3 withdrawal": [v3.decrease(owner, scene.token_id, liquidity // 2), v3.collect(owner, scene.token_id)],
        "a V2 deposit": [v2.add(owner, weth, usdc, 10**19, 2 * 10**10)],
        "a V2 withdrawal": [*v2.remove(owner, scene.pair, lp // 2)],
        "a new V3 position": [v3.mint(owner, scene.key, (-201600, -199800), 10**18, 10**9)],
    }


NAMES = ["a V3 deposit", "a V3 withdrawal", "a V2 deposit", "a V2 withdrawal", "a new V3 position"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("plays", [[honest], [honest, honest], [honest, LIES["LP tokens, times 3"]]])
async def test_a_real_change_is_followed_within_two_blocks(chain: LocalChain, name: str, plays: list[Play]) -> None:
    scene = await Scene.on(chain)
    async with endpoints(scene, [honest] * len(plays)) as (reader, fronts):
        before = held(await reader.read())
        for front, play in zip(fronts, plays, strict=True):
            front.play = play
        liquidity = (await scene.v3.position(scene.token_id)).liquidity
        await chain.mine(*changes(scene, liquidity, await chain.balance(scene.pair, scene.owner))[name])
        view, whole = await reader.read(), await truth(scene)
        if plays == [honest, honest]:
            assert held(view) == whole
        else:
            assert len(view.left_out) == 1
            assert held(view).items() <= whole.items()
        await empty_blocks(chain, 1)
        view = await reader.read()
        assert held(view) == await truth(scene)
        assert held(view) != before
        assert not view.left_out


async def test_small_growth_adds_up_until_it_is_confirmed(chain: LocalChain) -> None:
    scene = await Scene.on(chain)
    async with endpoints(scene, [honest]) as (reader, _):
        await reader.read()
        waited = []
        for _ in range(10):
            await chain.mine(scene.v3.increase(scene.owner, scene.token_id, 3 * 10**17, 6 * 10**8))
            waited.append(len((await reader.read()).left_out))
        assert sum(waited) == 2, "3% at a time: past 10% twice in 30%"


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("lie", ["a V3 position's liquidity, times 3", "nothing is owned any more"])
async def test_of_three_endpoints_the_odd_one_is_outvoted_from_the_start(
    chain: LocalChain, lie: str, place: int
) -> None:
    scene = await Scene.on(chain)
    plays = [LIES[lie] if number == place else honest for number in range(3)]
    async with endpoints(scene, plays) as (reader, _):
        for number in range(3):
            assert held(await reader.read()) == await truth(scene)
            await chain.mine(scene.buy(10**9 + number))


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("signature", ["decimals()", "symbol()", "token0()", "getPool(address,address,uint24)"])
async def test_two_endpoints_that_contradict_each_other_about_what_never_changes_are_no_ground_to_stand_on(
    chain: LocalChain, signature: str, place: int
) -> None:
    scene = await Scene.on(chain)
    whole = await truth(scene)
    word, lie = (2, lambda told: told ^ 1 << 248) if signature == "symbol()" else (0, lambda told: told ^ 3)
    plays: list[Play] = [honest, honest]
    plays[place] = nodes.lying(signature, word, lie)
    async with endpoints(scene, plays) as (reader, fronts):
        try:
            view = await reader.read()
        except (Retryable, SkipCycle):
            pass
        else:
            assert held(view).items() <= whole.items()
        fronts[place].play = honest
        assert held(await reader.read()) == whole
