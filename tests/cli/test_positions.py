"""``dnbot positions``: all that an address holds, on every protocol, staked or not, and nothing of anybody else's."""

from __future__ import annotations

import asyncio
import json
import tomllib
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.app.settings import load
from bot.demo.chain import LocalChain
from bot.demo.node import Anvil
from bot.demo.rpc import Rpc
from tests.cli.scenes import Ran, dnbot
from tests.cli.twenty_positions import Place, build
from tests.faults.rpc import Fault, FaultyRpc, serving

pytestmark = [pytest.mark.chain, pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place() -> AsyncIterator[Place]:
    async with Anvil() as node, Rpc(node.url) as rpc:
        chain = await LocalChain.deploy(rpc)
        yield await build(chain, node.url)


async def run(*arguments: object) -> Ran:
    return await asyncio.to_thread(dnbot, "positions", *arguments)


async def test_all_twenty_are_found_and_what_is_written_hedges_them(place: Place, tmp_path: Path) -> None:
    config, notes = place.config(tmp_path, place.url), tmp_path / "notes.json"
    ran = await run(place.owner, "-c", config, "--notes", notes, "--json")
    assert ran.code == 0, ran.err
    (found,) = json.loads(ran.out)
    assert found["not_read"] == found["left_out"] == []
    assert len(place.expected) == 20
    assert {one["id"] for one in found["positions"]} == place.expected
    assert {one["id"] for one in found["positions"] if one["staked_in"]} == place.staked
    assert all(float(one["value_usd"]) > 0 and one["in_range"] for one in found["positions"])
    ranged = [one for one in found["positions"] if one["range"] is not None]
    assert len(ranged) == 16
    families = Counter(one.split(":")[1] for one in place.expected)
    assert len(families) == 8
    assert min(families.values()) >= 2
    with_farms = {"slipstream", "pancake_v3", "uniswap_v2", "solidly"}
    for which in (place.staked, place.expected - place.staked):
        assert with_farms <= {one.split(":")[1] for one in which}
    assert all(
        float(one["range"]["low"]) < float(one["range"]["price"]) < float(one["range"]["high"]) for one in ranged
    )
    assert any(reward["symbol"] == "AERO" for one in found["positions"] for reward in one["rewards"])
    written = tomllib.loads(found["toml"])["chains"]["local"]
    assert written["owners"] == [place.owner]
    other = tmp_path / "other.toml"
    other.write_text(f'{found["toml"]}\n[venues.paper]\nkind = "paper"\nsymbols = {{ ETH = "ETH/USDT:USDT" }}\n')
    (chain,) = load([other], {}).settings.chains.values()
    assert {one.protocol for one in chain.deployments()} == {one.split(":")[1] for one in place.expected}


async def test_nothing_is_a_stranger_s_and_four_are_another_s(place: Place, tmp_path: Path) -> None:
    config = place.config(tmp_path, place.url)
    for account, count in ((place.stranger, 0), (place.other, 4)):
        ran = await run(account, "-c", config, "--notes", tmp_path / "notes.json", "--json")
        (found,) = json.loads(ran.out)
        assert (len(found["positions"]), found["not_read"]) == (count, [])
        staked = {one["id"] for one in found["positions"] if one["staked_in"]}
        assert len(staked) == max(count - 1, 0)
        assert staked & place.expected <= {one for one in place.staked if "uniswap_v2" in one}, "a pair is one's name"
    ran = await run(place.stranger, "-c", config, "--notes", tmp_path / "notes.json")
    assert "nothing is there" in ran.out


async def test_an_endpoint_that_allows_500_blocks_is_asked_bit_by_bit_and_the_search_goes_on_where_it_ended(
    place: Place, tmp_path: Path
) -> None:
    notes = tmp_path / "notes.json"
    async with serving(FaultyRpc(place.url, max_log_range=500)) as narrow:
        config = place.config(tmp_path, narrow.url)
        first = await run(place.owner, "-c", config, "--notes", notes)
        assert first.code == 0, first.err
        for name in place.expected:
            assert name.removeprefix("local:") in first.out
        assert "blocks looked through" in first.err
        asked = narrow.requests.count("eth_getLogs")
        again = await run(place.owner, "-c", config, "--notes", notes)
        assert again.out == first.out
        assert narrow.requests.count("eth_getLogs") == asked, "all of it was noted"
    text = json.loads(notes.read_text())
    searched = next(json.loads(note) for key, note in text.items() if key.startswith("31337:"))
    assert searched["low"] == 0


async def test_a_search_that_is_broken_off_goes_on_there(place: Place, tmp_path: Path) -> None:
    notes, whole = tmp_path / "notes.json", tmp_path / "whole.json"
    async with serving(FaultyRpc(place.url, max_log_range=500)) as narrow:
        config = place.config(tmp_path, narrow.url)
        await run(place.owner, "-c", config, "--notes", whole)
        needed = narrow.requests.count("eth_getLogs")
        narrow.requests.clear()

        async def end() -> None:
            if narrow.requests.count("eth_getLogs") > needed // 2:
                narrow.fault, narrow.only = Fault.ERROR, "eth_getLogs"

        narrow.before["eth_getLogs"] = end
        broken = await run(place.owner, "-c", config, "--notes", notes, "--json")
        assert (broken.code, broken.out) == (1, "")
        assert "eth_getLogs: error" in broken.err
        assert "blocks looked through (50%)" in broken.err
        assert "the same command goes on there" in broken.err
        narrow.before.clear()
        narrow.requests.clear()
        narrow.fault = Fault.NONE
        again = await run(place.owner, "-c", config, "--notes", notes, "--json")
        (found,) = json.loads(again.out)
        assert {one["id"] for one in found["positions"]} == place.expected
        assert narrow.requests.count("eth_getLogs") < needed


async def test_what_is_wrong_is_named_by_its_argument(place: Place, tmp_path: Path) -> None:
    cases: list[tuple[tuple[object, ...], str]] = [
        (("0x12",), "OWNER 0x12"),
        ((place.owner, "--chain", "moon"), "--chain moon"),
        (
            (place.owner, "--chain", "base", "--rpc", place.url),
            "this endpoint is of chain 31337, which no --chain names",
        ),
        ((place.owner, "--rpc", "ftp://x"), "--rpc ftp://x"),
    ]
    for arguments, words in cases:
        ran = await run(*arguments, "--notes", tmp_path / "notes.json")
        assert (ran.code, words in ran.err) == (2, True), (arguments, ran.err)
    broken = tmp_path / "broken.json"
    broken.write_text("[]")
    ran = await run(place.owner, "--rpc", place.url, "--notes", broken)
    assert (ran.code, "remove it to begin anew" in ran.err) == (2, True), ran.err
