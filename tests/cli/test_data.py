"""``dnbot data`` as a user runs it: files that ``dnbot backtest`` replays, and what is wrong, named."""

from __future__ import annotations

import asyncio
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.backtest.perp_data import PerpFile, read_perp
from bot.backtest.scenario import PerpSpec
from bot.demo.chain import LocalChain
from tests.chain.scene import Scene
from tests.cli.scenes import Ran, dnbot
from tests.demo.tricks import empty_blocks
from tests.paper.servers.scene import serving

ROOT = Path(__file__).parents[2]
LIVE = ROOT / "config" / "binance-live.toml"
PAPER = ROOT / "config" / "paper-mainnet.toml"


def config(folder: Path, scene: Scene) -> Path:
    file = folder / "bot.toml"
    file.write_text(
        f"""
[chains.local]
chain_id = 31337
rpc_urls = ["{scene.chain.rpc.url}"]
owners = ["{scene.owner}"]
max_log_blocks = 64
[[chains.local.uniswap_v3]]
position_manager = "{scene.chain.at.v3_positions}"
[venues.paper]
kind = "paper"
symbols = {{ ETH = "ETH/USDT:USDT" }}
""",
        encoding="utf-8",
    )
    return file


async def run(*arguments: object) -> Ran:
    return await asyncio.to_thread(dnbot, "data", *arguments)


@pytest.mark.chain
async def test_a_pool_is_read_and_replayed(chain: LocalChain, tmp_path: Path) -> None:
    scene = await Scene.on(chain)
    file, pool, out = config(tmp_path, scene), await scene.v3.pool(scene.key), tmp_path / "pool.parquet"
    start = datetime.fromtimestamp(
        int((await chain.rpc.call("eth_getBlockByNumber", "latest", False))["timestamp"], 16), UTC
    )
    for number in range(150):
        await chain.mine(scene.buy((1 + number % 5) * 10**8))
        await chain.mine(scene.v3.swap(scene.owner, scene.key, (1 + number % 7) * 10**17 // 3, zero_for_one=True))
    await empty_blocks(chain, 70)
    ran = await run("pool", "-c", file, "--chain", "local", "--pool", pool, "--from", start.isoformat(), "-o", out)
    assert ran.code == 0, ran.err
    snippet = tomllib.loads(ran.out)["pools"][0]
    assert (snippet["fee"], snippet["tick_spacing"], snippet["path"]) == (3000, 60, "pool.parquet")
    assert snippet["token0"] == {"symbol": "WETH", "decimals": 18, "underlying": "ETH"}
    (tmp_path / "scenario.toml").write_text(f"collateral = 100000\n{ran.out}", encoding="utf-8")
    replayed = await asyncio.to_thread(dnbot, "backtest", "-c", PAPER, "--data", tmp_path, "--json")
    assert replayed.code == 0, replayed.err
    assert '"rows": 5' in replayed.out or '"rows": 6' in replayed.out
    written = out.read_bytes()
    again = await run("pool", "-c", file, "--chain", "local", "--pool", pool, "--from", start.isoformat(), "-o", out)
    assert (again.code, out.read_bytes() == written) == (0, True)


VENUE = """
[chains.local]
chain_id = 31337
rpc_urls = ["http://127.0.0.1:9"]
owners = ["0x70997970C51812dc3A010C7d01b50e0d17dc79C8"]
[[chains.local.uniswap_v3]]
position_manager = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
[venues.paper]
kind = "paper"
symbols = {{ ETH = "ETH/USDT:USDT" }}
mark = "venue"
source = "binance"
redirect_to = "127.0.0.1:{port}"
ca_file = "{ca_file}"
"""


async def test_a_perpetual_is_read_as_a_backtest_takes_it(tmp_path: Path) -> None:
    async with serving("binance", ago=timedelta(hours=2)) as venue:
        (tmp_path / "ca.pem").write_text(venue.authority)
        file, out = tmp_path / "bot.toml", tmp_path / "perp.parquet"
        file.write_text(VENUE.format(port=venue.server.port, ca_file=tmp_path / "ca.pem"), encoding="utf-8")
        now = datetime.now(UTC)
        for _ in range(120):
            venue.server.venue.move()
            venue.clock.shift += timedelta(minutes=1)
        usual = {"--venue": "paper", "--underlying": "eth", "--from": (now - timedelta(minutes=90)).isoformat()}
        ran = await run("perp", "-c", file, *(part for pair in usual.items() for part in pair), "-o", out)
        assert ran.code == 0, ran.err
        told = tomllib.loads(ran.out)["perps"]["ETH"]
        told = {name: tmp_path / text if name in {"path", "funding"} else text for name, text in told.items()}
        spec = PerpSpec.model_validate(told)
        series, findings = read_perp(PerpFile(spec.path, spec.interval, funding=spec.funding))
        assert (len(series.times) in {89, 90}, set(series.floats.tolist()), findings) == (True, {2000.0}, [])
        live = tmp_path / "live.toml"  # a real venue without its keys
        real = file.read_text().replace('kind = "paper"', 'kind = "binance"').replace("[venues.paper]", "[venues.real]")
        real = "\n".join(line for line in real.splitlines() if not line.startswith(("mark", "source")))
        live.write_text(real, encoding="utf-8")
        again = {**usual, "--venue": "real", "--out": tmp_path / "real.parquet"}
        ran = await run("perp", "-c", live, *(part for pair in again.items() for part in pair))
        assert (ran.code, (tmp_path / "real.parquet").exists()) == (0, True), ran.err
        for option, value, words in (
            ("--venue", "bitgett", "ccxt knows no venue"),
            ("--underlying", "DOGE", "paper has ETH"),
            ("--from", "17", "is no time"),
            ("--to", "2999-01-01", "still to come"),
            ("--to", "2020-01-01", "less than one candle"),
            ("--interval", "7m", "venues have candles of"),
        ):
            again = {**usual, "--out": tmp_path / "new" / "perp.parquet", option: value}
            ran = await run("perp", "-c", file, *(part for pair in again.items() for part in pair))
            assert (ran.code, words in ran.err) == (2, True), ran.err
            assert not (tmp_path / "new").exists()


@pytest.mark.chain
async def test_what_is_wrong_is_named_and_nothing_is_written(chain: LocalChain, tmp_path: Path) -> None:
    scene = await Scene.on(chain)
    file, pool = config(tmp_path, scene), await scene.v3.pool(scene.key)
    usual = {"--chain": "local", "--pool": pool, "--from": "0", "--out": tmp_path / "new" / "pool.parquet"}
    for option, value, words in (
        ("--chain", "base", "the configuration knows local"),
        ("--pool", pool.lower(), "has no EIP-55 checksum"),
        ("--pool", scene.owner, "is no pool of a protocol"),
        ("--pool", scene.chain.at.weth.address, "is no pool of a protocol"),  # it takes any call and says nothing
        ("--from", "yesterday", "is no time"),
        ("--from", "2999-01-01", "the last final block is"),
        ("--to", "99999999", "the last final block is"),
        ("--interval", "soon", "is no duration"),
        ("--interval", "250ms", "no whole number of seconds"),
    ):
        ran = await run("pool", "-c", file, *(part for pair in {**usual, option: value}.items() for part in pair))
        assert (ran.code, words in ran.err) == (2, True), ran.err
        assert not (tmp_path / "new").exists()


def test_a_kind_of_venue_needs_no_configuration(tmp_path: Path) -> None:
    usual = ("--underlying", "ETH", "--from", "2999-01-01", "--out", tmp_path / "perp.parquet")
    for kind in ("binance", "bitget", "bitget-uta", "hyperliquid"):
        ran = dnbot("data", "perp", "--venue", kind, *usual)
        assert (ran.code, "less than one candle" in ran.err) == (2, True), ran.err  # it got as far as the times
    assert "hyperliquid has no candles of the mark price: these are of trades" in ran.err
    ran = dnbot("data", "perp", "--venue", "pa per", "-c", LIVE, *usual)
    assert (ran.code, "the configuration knows binance" in ran.err) == (2, True), ran.err  # neither keys nor --live
    ran = dnbot("data", "perp", "--venue", "pa per", *usual)
    assert (ran.code, "the configuration knows no venue" in ran.err) == (2, True), ran.err
