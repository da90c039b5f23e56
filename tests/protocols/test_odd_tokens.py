"""Tokens whose balances move by themselves: what counts is what the pair would pay, whatever it has written down."""

from __future__ import annotations

import pytest

from bot.core.amm.constant_product import ConstantProductPosition
from bot.core.types import PoolId
from bot.demo.chain import LocalChain
from bot.demo.tx import Tx, calldata
from tests.chain.scene import Scene
from tests.chain.setup import reading

pytestmark = pytest.mark.chain

ONE = 10**18
MOVES = {"a rebase upwards": ONE, "a rebase downwards": -2 * ONE, "a gift of dust": 1, "nearly all is taken": -9 * ONE}


@pytest.mark.parametrize("name", MOVES)
@pytest.mark.parametrize("is_synced", [False, True])
async def test_what_counts_is_what_burn_would_pay(chain: LocalChain, name: str, *, is_synced: bool) -> None:
    scene, moved = await Scene.on(chain), MOVES[name]
    weth = chain.at.weth.address
    await chain.fund(chain.accounts[6], {chain.at.weth: 10 * ONE})
    giver, taker = (chain.accounts[6], scene.pair) if moved > 0 else (scene.pair, chain.accounts[6])
    async with reading(scene.config) as reader:
        await reader.check()
        await chain.mine(chain.transfer(giver, weth, taker, abs(moved)))
        if is_synced:
            await chain.mine(Tx(chain.accounts[6], scene.pair, calldata("sync()")))
        (position,) = (item for item in (await reader.read()).positions if item.pool == PoolId(scene.pair))
    assert isinstance(position.curve, ConstantProductPosition)
    pays = await scene.v2.burn_pays(scene.pair, position.curve.liquidity)
    assert (position.amounts.total0, position.amounts.total1) == pays
