"""Twenty positions of one owner, on every protocol that has a scene."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isqrt
from pathlib import Path
from typing import Protocol

from bot.core.amm.tick_math import tick_at_sqrt_ratio
from bot.core.types import NOBODY, Address
from bot.demo.algebra import Algebra, Integral
from bot.demo.chain import Erc20, LocalChain
from bot.demo.contracts import compiled
from bot.demo.pancake_v3 import PancakeV3
from bot.demo.slipstream import Slipstream
from bot.demo.solidly import Solidly
from bot.demo.tx import Tx, calldata
from bot.demo.uniswap_v2 import UniswapV2
from bot.demo.uniswap_v3 import PoolKey, UniswapV3
from bot.demo.uniswap_v4 import Key, UniswapV4
from tests.demo.tricks import empty_blocks

EMPTY_BLOCKS = 1_600
"""So that an endpoint that allows 500 blocks a query is asked several times."""
FARM = Path(__file__).parents[1] / "protocols/MasterChef.sol"


@dataclass
class Place:
    """A chain with every protocol's contracts, an owner of twenty positions, and another of four in the same places."""

    url: str
    owner: Address
    other: Address
    stranger: Address
    tables: str
    expected: set[str]
    staked: set[str]

    def config(self, folder: Path, url: str) -> Path:
        file = folder / "bot.toml"
        file.write_text(f"""
[chains.local]
chain_id = 31337
rpc_urls = ["{url}"]
owners = ["{self.other}"]
max_head_age = "365d"
{self.tables}
[venues.paper]
kind = "paper"
symbols = {{ ETH = "ETH/USDT:USDT" }}
""")
        return file


class Opens(Protocol):
    """Contracts that open positions with a range in a pool."""

    async def open(self, owner: Address, key: PoolKey, ticks: tuple[int, int], amounts: tuple[int, int]) -> int: ...


@dataclass
class Builder:
    """Opens positions of an owner, and notes which ones."""

    chain: LocalChain
    tokens: tuple[Erc20, Erc20]
    expected: set[str] = field(default_factory=set)
    staked: set[str] = field(default_factory=set)
    tables: list[str] = field(default_factory=list)

    @property
    def owner(self) -> Address:
        return self.chain.accounts[1]

    @property
    def other(self) -> Address:
        return self.chain.accounts[2]

    @property
    def key(self) -> PoolKey:
        return PoolKey(self.tokens[0].address, self.tokens[1].address, 500)

    @property
    def worth(self) -> tuple[int, int]:
        """Raw units of 2,000 USD of each token."""
        whole = {"WETH": 1, "USDC": 2000}
        first, second = (whole[token.symbol] * 10**token.decimals for token in self.tokens)
        return first, second

    @property
    def amounts(self) -> tuple[int, int]:
        return self.worth[0] * 10, self.worth[1] * 10

    @property
    def root(self) -> int:
        return isqrt(self.worth[1] * 2**192 // self.worth[0])

    async def ranges(self, contracts: Opens, name: str, key: PoolKey, spacing: int, count: int) -> list[int]:
        """Open positions around the price, each wider than the one before."""
        here = tick_at_sqrt_ratio(self.root) // spacing * spacing
        widths = [spacing * (number + 2) for number in range(count)]
        ids = [await contracts.open(self.owner, key, (here - wide, here + wide), self.amounts) for wide in widths]
        self.expected.update(f"local:{name}:{one}" for one in ids)
        return ids

    def table(self, name: str, **addresses: Address) -> None:
        lines = [f'{key} = "{address}"' for key, address in addresses.items()]
        self.tables.append("\n".join([f"[[chains.local.{name}]]", *lines]))

    async def v3(self) -> None:
        contracts, here = UniswapV3(self.chain), tick_at_sqrt_ratio(self.root) // 10 * 10
        await contracts.create_pool(self.key, self.root)
        await self.ranges(contracts, "uniswap_v3", self.key, 10, 3)
        await contracts.open(self.other, self.key, (here - 100, here + 100), self.amounts)
        self.table("uniswap_v3", position_manager=self.chain.at.v3_positions)

    async def slipstream(self) -> None:
        contracts, key = await Slipstream.deploy(self.chain), PoolKey(self.key.token0, self.key.token1, 50)
        for account in (self.owner, self.other):
            await contracts.allow(account, self.tokens)
        pool = await contracts.create_pool(key, self.root)
        gauge = await contracts.gauge(pool)
        for one in (await self.ranges(contracts, "slipstream", key, 50, 4))[:2]:
            await self.chain.mine(*contracts.stake(self.owner, gauge, one))
            self.staked.add(f"local:slipstream:{one}")
        here = tick_at_sqrt_ratio(self.root) // 50 * 50
        theirs = await contracts.open(self.other, key, (here - 100, here + 100), self.amounts)
        await self.chain.mine(*contracts.stake(self.other, gauge, theirs), contracts.pay(gauge, 10**22))
        self.table("slipstream", position_manager=contracts.manager)

    async def pancake(self) -> None:
        contracts = await PancakeV3.deploy(self.chain)
        for account in (self.owner, self.other):
            await contracts.allow(account, self.tokens)
        await contracts.farm(await contracts.create_pool(self.key, self.root))
        ids = await self.ranges(contracts, "pancake_v3", self.key, 10, 3)
        here = tick_at_sqrt_ratio(self.root) // 10 * 10
        theirs = await contracts.open(self.other, self.key, (here - 100, here + 100), self.amounts)
        await self.chain.mine(contracts.stake(self.owner, ids[0]), contracts.stake(self.other, theirs))
        self.staked.add(f"local:pancake_v3:{ids[0]}")
        self.table("pancake_v3", position_manager=contracts.manager, masterchef=contracts.masterchef)

    async def algebra(self) -> None:
        for kind, name in ((Algebra, "algebra"), (Integral, "algebra_integral")):
            contracts = await kind.deploy(self.chain)
            await contracts.allow(self.owner, self.tokens)
            await contracts.create_pool(self.key, self.root)
            await self.ranges(contracts, name, self.key, 60, 2)
            self.table(name, position_manager=contracts.manager)

    async def v4(self) -> None:
        contracts = await UniswapV4.deploy(self.chain)
        await contracts.allow(self.owner, [token.address for token in self.tokens])
        key, here = Key(self.key.token0, self.key.token1, 500, 10, NOBODY), tick_at_sqrt_ratio(self.root) // 10 * 10
        await contracts.create_pool(key, self.root)
        for wide in (20, 30):
            one = await contracts.open(self.owner, key, (here - wide, here + wide), self.amounts)
            self.expected.add(f"local:uniswap_v4:{one}")
        self.table("uniswap_v4", position_manager=contracts.at.positions, state_view=contracts.at.view)

    async def pairs(self) -> None:
        """Put LP tokens into a farm that many share, the wallet, and gauges; no table names them."""
        chain, (first, second) = self.chain, self.tokens
        v2, solidly = UniswapV2(chain), await Solidly.deploy(chain)
        pair = await v2.create_pair(first.address, second.address)
        free = await v2.create_pair(chain.at.wbtc.address, chain.at.usdc.address)
        await chain.mine(
            v2.add(self.owner, chain.at.wbtc.address, chain.at.usdc.address, 10**8, 60_000 * 10**6),
            *(v2.add(account, first.address, second.address, *self.amounts) for account in (self.owner, self.other)),
        )
        farm = await chain.create(compiled(FARM))
        await chain.mine(*(Tx(self.owner, farm, calldata("add(address)", lp)) for lp in (first.address, pair)))
        for account in (self.owner, self.other):
            held = await chain.balance(pair, account)
            await chain.mine(
                Tx(account, pair, calldata("approve(address,uint256)", farm, held)),
                Tx(account, farm, calldata("deposit(uint256,uint256)", 1, held)),
            )
        self.staked.add(f"local:uniswap_v2:{pair}")
        pools = [await solidly.create_pool(self.tokens, stable=stable) for stable in (False, True)]
        even = 10 * 10**first.decimals, 10 * 10**second.decimals
        for pool, amounts in zip(pools, (self.amounts, even), strict=True):
            await chain.mine(*solidly.add(self.owner, pool, self.tokens, amounts))
        gauge, held = await solidly.gauge(pools[1]), await chain.balance(pools[1], self.owner)
        await chain.mine(*solidly.stake(self.owner, pools[1], gauge, held))
        self.expected.update(f"local:uniswap_v2:{one}" for one in (pair, free))
        self.expected.update(f"local:solidly:{pool}" for pool in pools)
        self.staked.add(f"local:solidly:{pools[1]}")


async def build(chain: LocalChain, url: str) -> Place:
    builder = Builder(chain, _ordered(chain))
    for account in chain.accounts[:4]:
        await chain.fund(account, {chain.at.weth: 9 * 10**26, chain.at.usdc: 10**18, chain.at.wbtc: 10**12})
    for step in (builder.v3, builder.slipstream, builder.pancake, builder.algebra, builder.v4, builder.pairs):
        await step()
    await empty_blocks(chain, EMPTY_BLOCKS)
    owner, other, stranger = chain.accounts[1:4]
    return Place(url, owner, other, stranger, "\n".join(builder.tables), builder.expected, builder.staked)


def _ordered(chain: LocalChain) -> tuple[Erc20, Erc20]:
    first, second = sorted((chain.at.weth, chain.at.usdc), key=lambda token: int(token.address, 16))
    return first, second
