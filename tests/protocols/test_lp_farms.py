"""LP tokens in farms that many share: each owner's own part counts, and nobody else's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.chain.config import ChainConfig, Deployment
from bot.core.errors import ConfigError, Retryable
from bot.core.snapshot import LpPosition
from bot.core.types import Address
from bot.demo.chain import Erc20, LocalChain
from bot.demo.contracts import compiled
from bot.demo.solidly import Solidly
from bot.demo.tx import Tx, calldata
from bot.demo.uniswap_v2 import UniswapV2
from bot.protocols.uniswap_v2.settings import NAME, UniswapV2Settings
from tests.chain.setup import local, reading
from tests.protocols.fork_scene import tokens_of

pytestmark = pytest.mark.chain

KEY = "chains.local.uniswap_v2[1]"
FARM = Path(__file__).with_name("MasterChef.sol")


@dataclass
class Scene:
    """A pair, a farm in which it is pool 1, and two owners who have staked there."""

    chain: LocalChain
    v2: UniswapV2
    tokens: tuple[Erc20, Erc20]
    pair: Address
    farm: Address
    held: int

    @classmethod
    async def on(cls, chain: LocalChain, v2: UniswapV2) -> Scene:
        tokens, (owner, other) = await tokens_of(chain, (18, 6)), chain.accounts[1:3]
        pair = await v2.create_pair(tokens[0].address, tokens[1].address)
        second = await chain.deploy_token("OTHER", 18)
        (farm,) = (await chain.mine(Tx(owner, None, compiled(FARM)))).created
        for lp in (second.address, pair):
            await chain.mine(Tx(owner, farm, calldata("add(address)", lp)))
        for account, amounts in ((owner, (10**20, 10**9)), (other, (9 * 10**20, 9 * 10**9))):
            await chain.mine(v2.add(account, tokens[0].address, tokens[1].address, *amounts))
        await chain.fund(owner, {second: 10**30})
        scene = cls(chain, v2, tokens, pair, farm, await chain.balance(pair, owner))
        await scene.deposit(owner, pair, 1, scene.held // 2)
        await scene.deposit(other, pair, 1, await chain.balance(pair, other))
        await scene.deposit(owner, second.address, 0, 10**30)
        return scene

    async def deposit(self, account: Address, lp: Address, pool: int, amount: int) -> None:
        await self.chain.mine(
            Tx(account, lp, calldata("approve(address,uint256)", self.farm, amount)),
            Tx(account, self.farm, calldata("deposit(uint256,uint256)", pool, amount)),
        )

    def config(self, **settings: object) -> ChainConfig:
        made = UniswapV2Settings.model_validate({"pairs": [self.pair], **settings})
        mapped = [token.address for token in self.tokens]
        return local(self.chain, [Deployment(NAME, KEY, made)], owners=self.chain.accounts[1:2], mapped=mapped)

    def farm_of(self, pool: int) -> dict[str, object]:
        return {"contract": self.farm, "pair": self.pair, "pool": pool}


async def only(config: ChainConfig) -> LpPosition:
    async with reading(config) as reader:
        await reader.check()
        (position,) = (await reader.read()).positions
        return position


async def test_an_owner_s_part_of_a_shared_farm_counts_and_is_what_burn_pays(chain: LocalChain, v2: UniswapV2) -> None:
    scene = await Scene.on(chain, v2)
    position = await only(scene.config(farms=[scene.farm_of(1)]))
    pays = await v2.burn_pays(scene.pair, scene.held)
    assert (position.amounts.principal0, position.amounts.principal1) == pays
    assert (position.curve.liquidity, position.staked_in) == (scene.held, scene.farm)
    async with reading(scene.config(farms=[scene.farm_of(1)])) as reader:
        (position,) = (await reader.read()).positions
        entry = await reader.entry(position)
    assert entry is not None
    assert (entry.amount0, entry.amount1) == (10**20, 10**9), "staking is no withdrawal"
    assert (await only(scene.config())).curve.liquidity == scene.held - scene.held // 2


async def test_a_shared_farm_among_the_holders_is_refused_with_the_setting_that_fits(
    chain: LocalChain, v2: UniswapV2
) -> None:
    scene = await Scene.on(chain, v2)
    async with reading(scene.config(holders=[scene.farm])) as reader:
        with pytest.raises(ConfigError, match=r"others' LP tokens are, too.*`farms`") as caught:
            await reader.check()
    assert caught.value.key == f"{KEY}.holders[1]"
    wallet, held = chain.accounts[5], scene.held // 4
    await chain.mine(chain.transfer(chain.accounts[1], scene.pair, wallet, held))
    found = await only(scene.config(holders=[wallet]))
    assert found.curve.liquidity == scene.held - scene.held // 2, "a wallet's whole balance counts"


async def test_a_gauge_among_the_holders_is_refused(chain: LocalChain, v2: UniswapV2) -> None:
    scene, solidly = await Scene.on(chain, v2), await Solidly.deploy(chain)
    gauge = await solidly.gauge(await solidly.create_pool(scene.tokens, stable=False))
    async with reading(scene.config(holders=[gauge])) as reader:
        with pytest.raises(ConfigError, match="is a farm"):
            await reader.check()


async def test_another_pair_s_number_is_not_believed(chain: LocalChain, v2: UniswapV2) -> None:
    scene = await Scene.on(chain, v2)
    async with reading(scene.config(farms=[scene.farm_of(0)])) as reader:
        with pytest.raises(ConfigError, match="is `pool` another pair's") as caught:
            await reader.check()
        assert caught.value.key == f"{KEY}.farms[1].contract"
        with pytest.raises(Retryable):
            await reader.read()


def test_a_farm_is_of_a_pair_and_no_holder() -> None:
    pair, other = "0xB4e16d0168e52d35CaCD2c6185b44281Ec28C9Dc", "0x0d4a11d5EEaaC28EC3F61d100daF4d40471f1852"
    farm = "0xa5f8C5Dbd5F286960b9d90548680aE5ebFf07652"
    for settings, words in (
        ({"pairs": [other], "farms": [{"contract": farm, "pair": pair}]}, "none of `pairs`"),
        ({"pairs": [pair], "holders": [farm], "farms": [{"contract": farm, "pair": pair}]}, "would count twice"),
    ):
        with pytest.raises(ValidationError, match=words):
            UniswapV2Settings.model_validate(settings)
