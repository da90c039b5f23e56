"""``dnbot setup``: an address, a chain and an endpoint become a configuration that runs, without secrets."""

from __future__ import annotations

import asyncio
import os
import pty
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from bot.app.settings import load
from bot.app.setup import files
from bot.app.setup.answers import Answers
from bot.app.setup.chains import CHAINS
from bot.core.errors import ConfigError
from bot.core.types import Address
from bot.demo.chain import MULTICALL3, LocalChain
from bot.demo.node import Anvil, AnvilOptions
from bot.demo.rpc import Rpc
from bot.demo.scenario import SceneSettings
from bot.demo.scene import OWNER, Scene
from bot.demo.uniswap_v2 import UniswapV2
from bot.protocols.registry import PROTOCOLS
from bot.setting_types.fields import parse_address
from tests.cli.scenes import Ran, dnbot
from tests.forks import fork

MAINNET = Path(__file__).parents[2] / "config" / "paper-mainnet.toml"
SOMEBODY = Address("0x90F79bf6EB2c4f870365E785982E1f101E93b906")
BLOCK = timedelta(seconds=1)


@dataclass
class Place:
    """A local chain of the present on which an owner has liquidity."""

    url: str
    pair: Address
    manager: Address
    odd_pair: Address
    odd: Address
    """A pair with a token that nobody knows, in which the owner has nothing."""

    def flags(self) -> tuple[str, ...]:
        contracts = ("--contract", self.pair, "--contract", self.manager)
        return ("--chain", "local", "--rpc", self.url, "--owner", OWNER, *contracts)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place() -> AsyncIterator[Place]:
    now = datetime.now(UTC)
    async with Anvil(AnvilOptions(genesis=now - timedelta(hours=1))) as node, Rpc(node.url) as rpc:
        deployed = await LocalChain.deploy(rpc)
        scene = await Scene.create(deployed, SceneSettings(blocks=40, start=now - 40 * BLOCK, block_time=BLOCK))
        for _ in range(14):
            await scene.step()
        odd = (await deployed.deploy_token("ODD", 18)).address
        odd_pair = await UniswapV2(deployed).create_pair(odd, deployed.at.weth.address)
        yield Place(node.url, scene.pair, deployed.at.v3_positions, odd_pair, odd)


async def run(*arguments: object, **environ: str) -> Ran:
    return await asyncio.to_thread(dnbot, "setup", *arguments, **environ)


pytestmark = [pytest.mark.chain, pytest.mark.asyncio(loop_scope="module")]


async def test_flags_alone_make_a_configuration_that_doctor_and_plan_are_content_with(
    place: Place, tmp_path: Path
) -> None:
    file = tmp_path / "my.toml"
    ran = await run(file, *place.flags(), "--yes", "--id", "mine", "--deposit", "30000", "--band", "fixed_width=3%")
    assert ran.code == 0, ran.out + ran.err
    assert "WETH + " in ran.out
    assert "sell " in ran.out, "the plan"
    settings = load([file], {}).settings
    chain = settings.chains["local"]  # type: ignore[index]  # a chain's name
    assert {one.protocol for one in chain.deployments()} == {"uniswap_v2", "uniswap_v3"}
    assert chain.owners == (OWNER,)
    paper = settings.venues["paper"]  # type: ignore[index]  # a venue's name
    assert paper.symbols == {"BTC": "BTC/USDT:USDT", "ETH": "ETH/USDT:USDT"}
    assert (settings.bot.id, settings.bot.state_dir, int(paper.deposit)) == ("mine", tmp_path / "var", 30_000)
    text = file.read_text()
    assert 15 <= len(text.splitlines()) <= 35
    assert text.count(" # ") >= 8, "it says what its lines mean"
    assert not (tmp_path / "secrets").exists()


async def test_a_token_that_nobody_knows_is_asked_for_by_its_flag(place: Place, tmp_path: Path) -> None:
    file, flags = tmp_path / "my.toml", (*place.flags(), "--contract", place.odd_pair, "--yes", "--no-check")
    refused = await run(file, *flags)
    assert refused.code == 2
    (line,) = refused.err.splitlines()
    assert f"token {place.odd} (ODD) is not known to dnbot" in line
    assert line.endswith("for setup: --token 0x…=USD, with that address and what it is a claim on")
    assert not file.exists()
    ran = await run(file, *flags, "--token", f"{place.odd}=USD")
    assert ran.code == 0, ran.err
    assert load([file], {}).settings.chains["local"].tokens[place.odd].underlying == "USD"  # type: ignore[index]  # a chain's name


async def test_a_chain_without_multicall_is_noticed_and_read_in_batches(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    async with Rpc(place.url) as rpc:
        code = await rpc.call("eth_getCode", MULTICALL3, "latest")
        await rpc.call("anvil_setCode", MULTICALL3, "0x")
        try:
            ran = await run(file, *place.flags(), "--yes")
        finally:
            await rpc.call("anvil_setCode", MULTICALL3, code)
    assert ran.code == 0, ran.out + ran.err
    assert load([file], {}).settings.chains["local"].multicall == "none"  # type: ignore[index]  # a chain's name


async def test_what_is_missing_or_wrong_is_named_by_its_flag_and_nothing_is_written(
    place: Place, tmp_path: Path
) -> None:
    file = tmp_path / "my.toml"
    usual = dict(zip(*[iter(place.flags()[:6])] * 2, strict=True))
    cases: list[tuple[dict[str, str | None], str]] = [
        ({"--owner": None}, "--owner is missing"),
        ({"--owner": "0x12"}, "--owner 0x12"),
        ({"--chain": "moon"}, "--chain moon: write a chain's id, or one of ethereum"),
        ({"--chain": "base"}, "this endpoint is of local (chain id 31337), not of base (8453)"),
        ({"--rpc": "ftp://x"}, "--rpc ftp://x"),
        ({"--rpc": "http://127.0.0.1:9"}, "127.0.0.1"),
        ({}, "--contract is missing"),
        ({"--contract": OWNER}, f"{OWNER} is no contract of a protocol that dnbot reads"),
        ({"--contract": place.pair, "--venue": "nowhere"}, "--venue nowhere: write one of paper, "),
        ({"--contract": place.pair, "--venue": "binance"}, "--credential api_key=FILE is missing"),
        ({"--contract": place.pair, "--credential": "api_key=x"}, "--credential api_key: paper takes none"),
        ({"--contract": place.pair, "--token": "0x12=USD"}, "--token 0x12"),
        ({"--contract": place.pair, "--token": OWNER}, f"--token {OWNER}: write 0x…=USD"),
        ({"--contract": place.pair, "--band": "wide"}, "--band wide: write one of risk_aversion=50"),
        ({"--contract": place.pair, "--band": "risk_aversion=-1"}, "hedge.band"),
        ({"--contract": place.pair, "--id": "Not An Id"}, "bot.id"),
    ]
    for changes, words in cases:
        flags = {**usual, **changes}
        ran = await run(file, "--yes", *(part for pair in flags.items() if pair[1] is not None for part in pair))
        assert ran.code in {1, 2}, (changes, ran.out)
        assert words in ran.err, (changes, ran.err)
        assert not file.exists()
    file.write_text("mine")
    ran = await run(file, *place.flags(), "--yes")
    assert (ran.code, file.read_text()) == (2, "mine")
    assert "exists already" in ran.err


async def test_a_placeholder_is_nobody_s_address(tmp_path: Path) -> None:
    async with Anvil(AnvilOptions(chain_id=1)) as node:
        for owner in ("0x000000000000000000000000000000000000dEaD", "0x1111111111111111111111111111111111111111"):
            ran = await run(tmp_path / "x.toml", "--yes", "--chain", "1", "--rpc", node.url, "--owner", owner)
            assert (ran.code, f"--owner {owner}: is a placeholder" in ran.err) == (2, True), ran.err
    for verb in ("plan", "run"):
        environ = {**os.environ, "DNBOT_BOT__STATE_DIR": str(tmp_path / "state")}
        process = await fork("bot", verb, "-c", str(MAINNET), env=environ, stderr=PIPE)
        _, said = await process.communicate()
        assert process.returncode == 2
        assert b"chains.mainnet.owners: 0x000000000000000000000000000000000000dEaD is a placeholder" in said
    assert not (tmp_path / "state").exists()


async def test_it_asks_on_a_terminal_and_asks_again_after_a_wrong_answer(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    lines = ["moon", "local", "nonsense", place.url, "0x12", OWNER, place.manager, "", "", "", "", "y"]
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "bot", "setup", str(file)]
    environment = {**os.environ, "COLUMNS": "200", "TERM": "dumb"}
    process = await asyncio.create_subprocess_exec(
        *command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    )
    os.close(theirs)
    os.write(ours, "".join(f"{line}\n" for line in lines).encode())
    said = await asyncio.to_thread(_all, ours)
    assert await process.wait() == 0, said
    os.close(ours)
    assert "write a chain's id" in said
    assert "no key is ever needed" in said
    settings = load([file], {}).settings
    assert [one.protocol for one in settings.chains["local"].deployments()] == ["uniswap_v3"]  # type: ignore[index]  # a name


def _all(terminal: int) -> str:
    """Read a terminal until its other end is closed."""
    said = b""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # what Linux says at the end
            return said.decode()
        if not part:
            return said.decode()
        said += part


async def test_secrets_go_beside_the_file_for_its_owner_alone_and_are_found_there(tmp_path: Path) -> None:
    answers = Answers(
        chain=CHAINS[0],
        rpc_urls=("https://node.example/v2/0123456789abcdef",),
        owners=(SOMEBODY,),
        deployments=(("uniswap_v3", PROTOCOLS["uniswap_v3"].presets[1][0]),),
        venue="bitget",
        credentials={"api_key": "made-up-key", "secret": "made-up-secret", "passphrase": "made-up-word"},
    )
    file = tmp_path / "etc" / "my.toml"
    written = files.write(file, files.text(answers, file), answers.secrets(), force=False)
    assert not any(word in file.read_text() for word in ("0123456789abcdef", "made-up"))
    folder = file.parent / "secrets"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in written[1:]} == {0o600}
    settings = load([file], {}).settings
    assert settings.bot.mode == "demo"
    assert [url.get_secret_value() for url in settings.chains["ethereum"].rpc_urls] == list(answers.rpc_urls)  # type: ignore[index]  # a name
    assert {key.get_secret_value() for path, key in settings.credentials() if path[0] == "venues"} == set(
        answers.credentials.values()
    )
    folder.chmod(0o755)
    with pytest.raises(ConfigError, match="chmod 700"):
        load([file], {})


async def test_every_preset_is_a_right_deployment_and_nothing_secret_goes_without_a_file() -> None:
    for amm in PROTOCOLS.values():
        for chain, deployments in amm.presets.items():
            for values in deployments:
                made = amm.settings.model_validate(values)
                addresses = {key: value for key, value in values.items() if key != "name"}
                assert made.name == values.get("name", amm.name)
                assert made.model_dump(include=set(addresses)) == {
                    key: tuple(map(parse_address, value)) if isinstance(value, list) else parse_address(value)
                    for key, value in addresses.items()
                }, (chain, amm.name)
    plain = Answers(CHAINS[1], (CHAINS[1].endpoint,), (SOMEBODY,))
    assert plain.secrets() == {}
