"""A protocol that registers itself goes everywhere: nothing in ``bot`` knows it by name."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import sqlite3
import sys
import tomllib
import zlib
from contextlib import AbstractAsyncContextManager, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from eth_utils.crypto import keccak

from bot.chain import json_rpc
from bot.core.amm.concentrated import ConcentratedPosition
from bot.core.amm.curve import Curve
from bot.core.types import Address
from bot.demo.chain import LocalChain
from bot.demo.contracts import compiled
from bot.demo.tx import MAX_UINT256, Tx, calldata
from bot.protocols.registry import CURVES, PROTOCOLS, register
from bot.protocols.uniswap_v2 import UNISWAP_V2
from tests.demo.tricks import empty_blocks
from tests.e2e.harness import Daemon, running, said
from tests.protocols.made_up import MADE_UP
from tests.telemetry.mqtt.scene import free_port

pytestmark = pytest.mark.chain

PROGRAM = ("-m", "tests.protocols.made_up")
ROOT = Path(__file__).parents[2]
MADE = Path(__file__).parent / "made_up"


@dataclass
class Scene:
    """A hub with one pool of WETH and USDC at 2,000, and an owner's shares in it."""

    chain: LocalChain
    hub: Address
    pool: str
    owner: Address
    folder: Path
    port: int

    @classmethod
    async def on(cls, chain: LocalChain, folder: Path) -> Scene:
        owner, at = chain.accounts[1], chain.at
        (hub,) = (await chain.mine(Tx(owner, None, compiled(MADE / "Hub.sol")))).created
        await chain.fund(owner, {at.weth: 10**21, at.usdc: 10**13})
        words = [json_rpc.encode_address(token.address) for token in (at.weth, at.usdc)]
        scene = cls(chain, hub, f"0x{keccak(b''.join(words)).hex()}", owner, folder, free_port())
        for token in (at.weth, at.usdc):
            await chain.mine(Tx(owner, token.address, calldata("approve(address,uint256)", hub, MAX_UINT256)))
        await chain.mine(scene.call("open(address,address)", at.weth.address, at.usdc.address))
        await chain.mine(scene.call("join(bytes32,uint256,uint256)", scene.id, 10**19, 2 * 10**10))
        return scene

    @property
    def id(self) -> bytes:
        return bytes.fromhex(self.pool[2:])

    @property
    def config(self) -> Path:
        return self.folder / "bot.toml"

    def call(self, signature: str, *args: object) -> Tx:
        return Tx(self.owner, self.hub, calldata(signature, *args))

    def trade(self, in0: int, in1: int) -> Tx:
        return self.call("trade(bytes32,uint256,uint256)", self.id, in0, in1)

    async def block(self) -> int:
        return int(await self.chain.rpc.call("eth_blockNumber"), 16)

    async def pays(self, block: int) -> tuple[int, int]:
        """Ask the contract itself what leaving pays."""
        pinned = hex(block)
        (held,) = await self.chain.view(
            self.hub, "(uint256)", "shares(bytes32,address)", self.id, self.owner, block=pinned
        )
        paid = await self.chain.view(
            self.hub, "(uint256,uint256)", "leave(bytes32,uint256)", self.id, held, sender=self.owner, block=pinned
        )
        return paid[0], paid[1]

    def configure(self) -> None:
        self.config.write_text(
            f"""
[bot]
state_dir = "{self.folder / "state"}"
[log]
format = "json"
[http]
port = {self.port}
[chains.local]
chain_id = 31337
rpc_urls = ["{self.chain.rpc.url}"]
owners = ["{self.owner}"]
poll_interval = "100ms"
max_head_age = "365d"
[[chains.local.made_up]]
hub = "{self.hub}"
pools = ["{self.pool}"]
[venues.paper]
kind = "paper"
symbols = {{ ETH = "ETH/USDT:USDT" }}
clock = "chain"
""",
            encoding="utf-8",
        )

    async def run(self, *arguments: object) -> str:
        return await said(*PROGRAM, *arguments)

    def daemon(self) -> AbstractAsyncContextManager[Daemon]:
        return running(*PROGRAM, "run", "-c", self.config)

    def newest(self) -> dict[str, Any]:
        """Return the snapshot of the newest cycle, as the journal's JSON has it."""
        with closing(sqlite3.connect(self.folder / "state" / "journal.sqlite")) as db:
            (packed,) = db.execute("SELECT snapshot FROM cycles ORDER BY number DESC LIMIT 1").fetchone()
        found: dict[str, Any] = json.loads(zlib.decompress(packed))
        return found


async def page(port: int, path: str) -> str:
    def get() -> str:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return str(answer.read().decode())

    return await asyncio.to_thread(get)


async def test_a_registered_protocol_goes_everywhere(chain: LocalChain, tmp_path: Path) -> None:
    scene = await Scene.on(chain, tmp_path)
    scene.configure()
    start = await scene.block()
    shown = await scene.run("config", "show", "-c", scene.config)
    assert tomllib.loads(shown)["chains"]["local"]["made_up"][0]["hub"] == scene.hub
    assert '"made_up"' in await scene.run("config", "schema")
    assert "every address and token is as configured" in await scene.run("doctor", "-c", scene.config)
    position = f"local:made_up:{scene.pool}"
    (planned,) = json.loads(await scene.run("plan", "-c", scene.config, "--json"))["positions"]
    assert (planned["id"], planned["pool"]) == (position, scene.pool)

    async with scene.daemon() as daemon:
        for step in range(3):
            seen = len(daemon.lines)
            await chain.mine(scene.trade(10**18 * (step + 1), 0))
            await daemon.cycle(await scene.block(), after=seen)
        screens = [await page(scene.port, path) for path in ("/status", "/metrics")]
    for screen in screens:
        assert position in screen
    (held,) = scene.newest()["chains"][0]["positions"]
    pays = await scene.pays(scene.newest()["chains"][0]["block"]["number"])
    assert (held["id"], held["pool"], held["curve"]["type"]) == (position, scene.pool, "made_up")
    assert (held["amounts"]["principal0"], held["amounts"]["principal1"]) == pays
    assert (held["entry"]["amount0"], held["entry"]["source"]) == (10**19, "mint_events")

    async with scene.daemon() as daemon:  # a restart reads its own journal
        await chain.mine(scene.call("leave(bytes32,uint256)", scene.id, 5 * 10**18))
        await daemon.cycle(await scene.block())
    (held,) = scene.newest()["chains"][0]["positions"]
    assert (held["curve"]["liquidity"], held["entry"]["amount0"]) == (5 * 10**18, 5 * 10**18)
    assert "every byte is the same" in await scene.run("verify", "-c", scene.config)
    assert position in await scene.run("status", "-c", scene.config, "--json")

    for number in range(40):
        await chain.mine(scene.trade(0, 10**9) if number % 2 else scene.trade(10**17, 0))
    await empty_blocks(chain, 70)
    out = tmp_path / "pool.parquet"
    snippet = await scene.run(
        "data", "pool", "-c", scene.config, "--chain", "local", "--pool", scene.pool, "--from", start, "-o", out
    )
    assert tomllib.loads(snippet)["pools"][0]["protocol"] == "made_up"
    (tmp_path / "scenario.toml").write_text(f"collateral = 1000000\n{snippet}", encoding="utf-8")
    replayed = json.loads(await scene.run("backtest", "-c", scene.config, "--data", tmp_path, "--json"))
    assert replayed["rows"] > 5


def test_a_name_is_registered_once() -> None:
    with pytest.raises(ValueError, match="two protocols call themselves uniswap_v2"):
        register(UNISWAP_V2)
    assert MADE_UP.name not in PROTOCOLS


@pytest.mark.parametrize(
    ("curves", "words"),
    [
        (
            {"ramses": ConcentratedPosition},
            "ConcentratedPosition is v3 in journals for ever, and can't be ramses as well",
        ),
        ({"v3": MADE_UP.curves["made_up"]}, "two curves are v3 in journals"),
        ({"a": MADE_UP.curves["made_up"], "b": MADE_UP.curves["made_up"]}, "is a in journals for ever"),
    ],
)
def test_a_curve_has_one_name_in_journals_and_a_name_one_curve(curves: dict[str, type[Curve]], words: str) -> None:
    before = dict(CURVES)
    with pytest.raises(ValueError, match=words):
        register(replace(MADE_UP, curves=curves))
    assert (CURVES, MADE_UP.name in PROTOCOLS) == (before, False)


async def test_the_handbook_s_steps_work_in_a_copy_of_the_tree(tmp_path: Path) -> None:
    """Take them as they are written: a folder, and the lines of the page in the registry."""
    shutil.copytree(ROOT / "bot", tmp_path / "bot", ignore=shutil.ignore_patterns("__pycache__"))
    folder = tmp_path / "bot" / "protocols" / "made_up"
    shutil.copytree(
        ROOT / "tests" / "protocols" / "made_up", folder, ignore=shutil.ignore_patterns("__*__.py", "*.sol")
    )
    shutil.copy(ROOT / "tests" / "protocols" / "made_up" / "__init__.py", folder)
    for file in folder.glob("*.py"):
        file.write_text(file.read_text().replace("tests.protocols.made_up", "bot.protocols.made_up"))
    page = (ROOT / "docs" / "add-a-protocol.md").read_text(encoding="utf-8")
    named = dict.fromkeys(re.findall(r"`(\w+\.py)`", page.partition("2. **Name it**")[0]))
    assert {file.name for file in folder.glob("*.py")} <= named.keys()
    (lines,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    imported, line = (text.strip() for text in lines.split("\n\n"))
    registry = tmp_path / "bot" / "protocols" / "registry.py"
    text = registry.read_text().replace("\n\nPROTOCOLS", f"\n{imported}\n\nPROTOCOLS", 1)
    registry.write_text(text.replace("\n\nREPLAYED", f"\n{line}\n\nREPLAYED", 1))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "config", "schema", cwd=tmp_path, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    assert "made_up" in out.decode()
