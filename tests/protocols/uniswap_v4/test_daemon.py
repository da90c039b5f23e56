"""A daemon on Uniswap V4: the short follows what the owner does within two blocks, and stays for what only moved."""

from __future__ import annotations

import json
import tomllib
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from bot.chain.config import ChainConfig
from bot.core.types import Address
from bot.demo.chain import LocalChain
from bot.demo.tx import Tx
from bot.demo.uniswap_v4 import NATIVE, Key, UniswapV4
from tests.chain.setup import local, reading
from tests.demo.tricks import empty_blocks
from tests.e2e.harness import Daemon, running, said
from tests.protocols.tight_daemon import short_of, write_config
from tests.protocols.uniswap_v4.test_truth import deployment

pytestmark = pytest.mark.chain

ROOT = Path(__file__).parents[3]
ETHER_AT_2000 = 3543191142285914205922034
WIDE, NARROW = (-204000, -197400), (-201600, -199800)
AMOUNTS = (10**19, 2 * 10**10)
PROGRAM = ("-m", "bot")


@dataclass
class World:
    """A deep pool of ether and USDC, an owner who has nothing in it yet, and a configuration."""

    v4: UniswapV4
    key: Key
    owner: Address
    folder: Path

    @property
    def chain(self) -> LocalChain:
        return self.v4.chain

    @property
    def file(self) -> Path:
        return self.folder / "bot.toml"

    @property
    def config(self) -> ChainConfig:
        return local(self.chain, [deployment(self.v4)], owners=[self.owner])

    async def open(self, ticks: tuple[int, int]) -> int:
        return await self.v4.open(self.owner, self.key, ticks, AMOUNTS)

    def configure(self) -> None:
        at = self.v4.at
        table = f'[[chains.local.uniswap_v4]]\nposition_manager = "{at.positions}"\nstate_view = "{at.view}"'
        write_config(self.folder, self.chain, self.owner, table)

    async def block(self) -> int:
        return int(await self.chain.rpc.call("eth_blockNumber"), 16)

    async def held(self) -> Decimal:
        """Return the ether that the contracts would pay the owner now."""
        async with reading(self.config) as reader:
            await reader.check()
            view = await reader.read()
        return sum((one.token0.to_units(one.amounts.total0) for one in view.positions), Decimal(0))

    def short(self) -> Decimal:
        """Return what the venue's own file says."""
        return short_of(self.folder)

    async def run(self, *arguments: object) -> str:
        return await said(*PROGRAM, *arguments)

    def daemon(self) -> AbstractAsyncContextManager[Daemon]:
        return running(*PROGRAM, "run", "-c", self.file)

    async def pass_blocks(self, daemon: Daemon, count: int, *txs: Tx) -> None:
        """Mine blocks, the first with transactions, and wait for each cycle."""
        for number in range(count):
            seen = len(daemon.lines)
            await self.chain.mine(*(txs if number == 0 else ()))
            await daemon.cycle(await self.block(), after=seen)


@pytest.fixture
async def world(chain: LocalChain, tmp_path: Path) -> World:
    v4 = await UniswapV4.deploy(chain)
    for account in chain.accounts[:3]:
        await chain.fund(account, {chain.at.usdc: 10**16})
        await v4.allow(account, [chain.at.usdc.address])
    key = Key(NATIVE, chain.at.usdc.address, 500, 10)
    await v4.create_pool(key, ETHER_AT_2000)
    await v4.open(chain.accounts[2], key, WIDE, (10**22, 2 * 10**13))
    made = World(v4, key, chain.accounts[1], tmp_path)
    made.configure()
    return made


async def test_the_short_follows_within_two_blocks_and_stays_for_what_only_moved(world: World) -> None:
    chain, v4, owner, farm = world.chain, world.v4, world.owner, world.chain.at.weth.address
    first = await world.open(WIDE)
    async with world.daemon() as daemon:
        await world.pass_blocks(daemon, 2)
        alone = await world.held()
        assert world.short() == pytest.approx(alone, rel=Decimal("0.011"))

        liquidity = (await v4.position(first)).liquidity
        await world.pass_blocks(daemon, 2, v4.increase(owner, world.key, first, liquidity))
        assert world.short() == pytest.approx(2 * alone, rel=Decimal("0.011"))

        liquidity = (await v4.position(first)).liquidity
        second = int((await chain.view(v4.at.positions, "(uint256)", "nextTokenId()"))[0])
        await world.pass_blocks(daemon, 2, v4.mint(owner, world.key, NARROW, liquidity))
        both = await world.held()
        assert both > alone * 2
        assert world.short() == pytest.approx(both, rel=Decimal("0.011"))

        before = world.short()
        await world.pass_blocks(daemon, 5, v4.give(owner, farm, second))
        assert world.short() == before, "it only moved"

    async with world.daemon() as daemon:  # a restart knows of it from its journal
        await world.pass_blocks(daemon, 2)
        assert world.short() == before
        await chain.rpc.call("anvil_setBalance", farm, hex(10**20))
        await world.pass_blocks(daemon, 2, v4.give(farm, owner, second))
        assert world.short() == before
        await world.pass_blocks(daemon, 4, v4.burn(owner, world.key, second))
        assert world.short() == pytest.approx(await world.held(), rel=Decimal("0.011"))
        assert world.short() < before
    assert "every byte is the same" in await world.run("verify", "-c", world.file)


async def test_the_example_configuration_hedges_what_is_there(world: World) -> None:
    """Only where things stand is replaced."""
    text = (ROOT / "config" / "paper-mainnet-v4.toml").read_text(encoding="utf-8")
    token_id, at = await world.open(WIDE), world.v4.at
    for word, instead in {
        "chain_id = 1\n": 'chain_id = 31337\nmax_head_age = "365d"\n',
        "https://ethereum-rpc.publicnode.com": world.chain.rpc.url,
        "0x000000000000000000000000000000000000dEaD": world.owner,
        "0xbD216513d74C8cf14cf4747E6AaA6420FF64ee9e": at.positions,
        "0x7fFE42C4a5DEeA5b0feC41C94C136Cf115597227": at.view,
        "var/mainnet-v4": str(world.folder / "state"),
        'mark = "pool"': 'mark = "pool"\nclock = "chain"',
        ', BTC = "BTC/USDT:USDT"': "",  # no pool prices it there
    }.items():
        assert word in text
        text = text.replace(word, instead)
    world.file.write_text(text, encoding="utf-8")
    planned = json.loads(await world.run("plan", "-c", world.file, "--json"))
    (position,) = planned["positions"]
    assert (position["id"], position["pool"]) == (f"mainnet:uniswap_v4:{token_id}", world.key.id)
    assert "every address and token is as configured" in await world.run("doctor", "-c", world.file)


async def test_the_past_of_a_pool_is_fetched_by_its_id_and_replayed(world: World) -> None:
    v4, chain, trader = world.v4, world.chain, world.chain.accounts[0]
    start = await world.block()
    for number in range(40):
        is_sale = number % 2 == 0
        amount, limit = (10**18, ETHER_AT_2000 // 2) if is_sale else (2 * 10**9, ETHER_AT_2000 * 2)
        await chain.mine(v4.swap(trader, world.key, amount, limit, zero_for_one=is_sale))
    await empty_blocks(chain, 70)
    out = world.folder / "pool.parquet"
    snippet = await world.run(
        "data", "pool", "-c", world.file, "--chain", "local", "--pool", world.key.id, "--from", start, "-o", out
    )
    (pool,) = tomllib.loads(snippet)["pools"]
    assert pool["protocol"] == "uniswap_v4"
    (world.folder / "scenario.toml").write_text(f"collateral = 1000000\n{snippet}", encoding="utf-8")
    replayed = json.loads(await world.run("backtest", "-c", world.file, "--data", world.folder, "--json"))
    assert replayed["rows"] > 5
