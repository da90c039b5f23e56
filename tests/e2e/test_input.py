"""Bad input to the real command: one clear line that names file and key, exit code 2, nothing left behind."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import PIPE
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.core.types import Address
from bot.demo.scene import OWNER
from bot.demo.tx import Tx, calldata
from bot.demo.uniswap_v2 import UniswapV2
from bot.demo.uniswap_v3 import PoolKey, UniswapV3
from tests.e2e.harness import PATIENCE, World, world
from tests.forks import fork

NOWHERE = Address("0x00000000000000000000000000000000DeaDBeef")
STRANGER = Address("0x4444444444444444444444444444444444444444")


@dataclass(frozen=True, slots=True)
class Ended:
    code: int | None
    out: str
    err: str


async def run(*files: Path) -> Ended:
    """Run ``dnbot run`` with these files until it ends."""
    arguments = [part for file in files for part in ("-c", str(file))]
    process = await fork("bot", "run", *arguments, stdout=PIPE, stderr=PIPE)
    try:
        async with asyncio.timeout(PATIENCE):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    errors = "".join(line for line in err.decode().splitlines(keepends=True) if not line.startswith("{"))
    return Ended(process.returncode, out.decode(), errors)


def swapped(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new)


Change = Callable[[str, World], str]
CHANGES: dict[str, tuple[Change, str]] = {
    "unknown key": (
        lambda text, _: swapped(text, "owners =", "onwers ="),
        "chains.local.onwers: unknown key; did you mean chains.local.owners?",
    ),
    "wrong checksum": (
        lambda text, here: swapped(text, here.chain.at.v3_positions, _flipped(here.chain.at.v3_positions)),
        "chains.local.uniswap_v3[1].position_manager: ",
    ),
    "pair without code": (
        lambda text, here: swapped(text, here.scene.pair, NOWHERE),
        f"chains.local.uniswap_v2[1].pairs[1]: there is no contract at {NOWHERE} on this chain: correct the address",
    ),
    "position manager without code": (
        lambda text, here: swapped(text, here.chain.at.v3_positions, NOWHERE),
        f"chains.local.uniswap_v3[1].position_manager: there is no contract at {NOWHERE}",
    ),
    "a token for a pair": (
        lambda text, here: swapped(text, here.scene.pair, here.chain.at.weth.address),
        "chains.local.uniswap_v2[1].pairs[1]: ",
    ),
    "chain id of another chain": (
        lambda text, _: swapped(text, "chain_id = 31337", "chain_id = 1337"),
        "chains.local.chain_id: is 1337, but the endpoint rpc_urls[1] (127.0.0.1) is of chain 31337",
    ),
    "hedge ratio 2": (lambda text, _: text + "[hedge]\nratio = 2\n", "hedge.ratio: is no hedge ratio; write 0 to 1.5"),
    "a cap below the smallest order": (
        lambda text, _: text + "[guards]\nmax_order_notional = 1\n",
        "guards.max_order_notional: is 1 USD, below the smallest order of ",
    ),
    "two band kinds": (
        lambda text, _: text + "[hedge.band]\nrisk_aversion = 50\nfixed_width = 0.1\n",
        "hedge.band: 2 kinds given (fixed_width, risk_aversion); keep exactly one",
    ),
    "empty": (lambda *_: "", "is empty"),
    "no TOML": (lambda text, _: text + "[hedge\n", "is no TOML: "),
    "live": (
        lambda text, _: swapped(text, "[bot]", '[bot]\nmode = "live"'),
        'bot.mode: is "live", and --live was not given',
    ),
    "a script that is not there": (
        lambda text, _: swapped(text, "marks.csv", "none.csv"),
        "none.csv: can't be read: No such file or directory",
    ),
}


def _flipped(address: str) -> str:
    """Return an address with the case of one letter changed."""
    at = next(index for index, char in enumerate(address) if index > 1 and char.isalpha())
    return address[:at] + address[at].swapcase() + address[at + 1 :]


@pytest.mark.chain
async def test_each_wrong_input_names_file_and_key(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        right = here.config.read_text()
        for name, (change, says) in CHANGES.items():
            here.config.write_text(change(right, here))
            ended = await run(here.config)
            file = "" if name.startswith("a script") else f"{here.config}: "
            assert ended.err.startswith("error: "), (name, ended)
            assert f"{file}{says}" in ended.err, (name, ended)
            assert (ended.code, ended.out) == (2, ""), (name, ended)
            assert "Traceback" not in ended.err
        missing = await run(tmp_path / "none.toml")
    assert (missing.code, missing.out) == (2, "")
    assert missing.err.startswith(f"error: {tmp_path / 'none.toml'}: there is no such file")


@pytest.mark.chain
async def test_an_unknown_token_names_the_key_to_add_and_can_be_ignored(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        right, at = here.config.read_text(), here.chain.at
        odd = await here.chain.deploy_token("ODD", 18)
        pair = await UniswapV2(here.chain).create_pair(odd.address, at.weth.address)
        says = f'{here.config}: chains.local.tokens."{odd.address}".underlying: token {odd.address} (ODD) is not known'

        here.config.write_text(swapped(right, here.scene.pair, f'{here.scene.pair}", "{pair}'))
        configured = await run(here.config)
        assert (configured.code, says in configured.err) == (2, True), configured

        here.config.write_text(right)
        daemon = await here.daemon()
        await daemon.said("cycle")
        await _given(here, odd.address)
        number = int(await here.chain.rpc.call("eth_blockNumber"), 16)
        await daemon.cycle(number)
        (record,) = await here.play(daemon, 1)
        told = [
            line["message"]
            for line in daemon.lines
            if line["event"] == "alarm" and str(line["key"]).startswith("left-out:")
        ]
        assert len(told) == 1
        assert f'chains.local.tokens."{odd.address}".ignore = true' in told[0]
        assert len(record.snapshot.chains[0].left_out) == 1
        for record in await here.play(daemon, 4):
            await here.check_exposure(record)
        assert here.account().positions
        assert await daemon.stop() == 0

        daemon = await here.daemon()  # a gift keeps no restart from going on
        await daemon.said("cycle")
        (record,) = await here.play(daemon, 1)
        assert len(record.snapshot.chains[0].left_out) == 1
        await here.check_exposure(record)
        assert await daemon.stop() == 0

        here.config.write_text(right + f'[chains.local.tokens."{odd.address}"]\nignore = true\n')
        daemon = await here.daemon()
        await daemon.said("cycle")
        (record,) = await here.play(daemon, 1)
        assert record.snapshot.chains[0].left_out == ()
        await here.check_exposure(record)
        assert await daemon.stop() == 0


async def _given(here: World, odd: Address) -> None:
    """Let a stranger give the owner a position in a token that nobody knows, and in WETH."""
    at, v3 = here.chain.at, UniswapV3(here.chain)
    key = PoolKey.of(odd, at.weth.address, 3000)
    await here.chain.fund(STRANGER, {at.weth: 10**20})
    mint = Tx(STRANGER, odd, calldata("mint(address,uint256)", STRANGER, 10**30))
    approve = Tx(STRANGER, odd, calldata("approve(address,uint256)", at.v3_positions, 10**30))
    await here.chain.mine(mint, approve)
    await v3.create_pool(key, 2**96)
    number = await v3.open(STRANGER, key, (-60, 60), (10**18, 10**18))
    await here.chain.mine(
        Tx(STRANGER, at.v3_positions, calldata("transferFrom(address,address,uint256)", STRANGER, OWNER, number))
    )
