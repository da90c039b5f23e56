"""A venue that only its folder and a line of the registry make known goes through everything that dnbot does."""

from __future__ import annotations

import json
import os
import ssl
from asyncio.subprocess import PIPE, STDOUT
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.core.orders import OrderKind
from bot.core.types import Symbol
from bot.journal.reader import JournalView
from bot.paper.servers.desk import Desk
from bot.paper.servers.tls import certificates
from bot.protocols.registry import CURVES
from tests.e2e.harness import BTC, ETH, world
from tests.e2e.on_scene import play, served
from tests.forks import start
from tests.venues.farside import KIND, HexIds
from tests.venues.farside.server import SERVER

pytestmark = pytest.mark.chain

SYMBOLS = {one: KIND.symbol(one) for one in (ETH, BTC)}
KEYS = SERVER.issue("planted")
LAUNCHER = ("-m", "tests.venues.farside")
CHAIN = """
[chains.local]
chain_id = 1
rpc_urls = ["http://127.0.0.1:1"]
owners = ["0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"]
[[chains.local.uniswap_v3]]
position_manager = "0xC36442b4a4522E871399CD717aBDD847Ab11FE88"
"""


async def dnbot(*arguments: str) -> tuple[int | None, str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("DNBOT_")}
    process = await start(*LAUNCHER, *arguments, env=environ, stdout=PIPE, stderr=STDOUT)
    said, _ = await process.communicate()
    return process.returncode, said.decode()


def stops(desk: Desk) -> set[Symbol]:
    """Return the symbols whose stops rest, all of them this bot's."""
    resting = [order for order in desk.working() if order.kind is OrderKind.STOP_MARKET]
    assert all(HexIds().decode("dnbot", order.client_id) for order in resting)
    return {order.symbol for order in resting}


async def page(port: int) -> Any:  # noqa: ANN401 - parsed JSON
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/status") as answer:
        return await answer.json()


async def test_registering_a_venue_is_enough(tmp_path: Path) -> None:
    async with (
        world(tmp_path, blocks=20, present=True, chain='max_head_age = "10m"') as here,
        served(here, SERVER, KIND, KEYS) as (desk, port),
    ):
        code, said = await dnbot("config", "show", "-c", str(here.config), "--json")
        shown = json.loads(said)["settings"]["venues"]["far"]
        assert (code, shown["account"], shown["signing_key"]) == (0, KEYS.key, "***")
        assert "passphrase" not in shown
        code, said = await dnbot("doctor", "-c", str(here.config), "--json")
        assert (code, '"fail"' in said) == (0, False), said

        first = await here.daemon(*LAUNCHER, "run", "-c", str(here.config))
        await first.said("cycle")
        for _ in range(10):
            if not desk.size(SYMBOLS[ETH]):
                await play(here, first)
        assert desk.size(SYMBOLS[ETH]), "\n".join(map(str, first.lines))
        await play(here, first)
        code, said = await dnbot("plan", "-c", str(here.config), "--json")
        assert code == 0, said
        assert "USDC" in said
        assert SYMBOLS[ETH] in stops(desk)
        assert "far" in json.dumps(await page(port))
        await first.kill()

        second = await here.daemon(*LAUNCHER, "run", "-c", str(here.config))
        await play(here, second)
        assert SYMBOLS[ETH] in stops(desk)
        code, said = await dnbot("status", "-c", str(here.config), "--json")
        assert code == 0, said
        with closing(JournalView.open(tmp_path / "state" / "journal.sqlite", CURVES)) as view:
            intents, record = view.intents(), view.last_record()
            booked = {symbol: Decimal(0) for symbol in SYMBOLS.values()}
            for fill in view.fills():
                booked[fill.symbol] += fill.quantity
        assert booked == {symbol: desk.size(symbol) for symbol in SYMBOLS.values()}
        assert booked[SYMBOLS[ETH]] < 0
        epochs = {key.epoch for item in intents if (key := HexIds().decode("dnbot", item.intent.client_id))}
        assert len(epochs) in {1, 2}
        assert record is not None
        assert not [alarm for alarm in record.decision.alarms if alarm.key.startswith(("foreign", "unexplained"))]
        assert await second.stop() == 0
        assert KEYS.secret not in "".join(map(str, [*first.lines, *second.lines]))


async def test_what_is_missing_or_belongs_to_another_kind_is_told(tmp_path: Path) -> None:
    config = tmp_path / "bot.toml"
    venue = '[venues.far]\nkind = "farside"\nsymbols = { ETH = "ETH/USDC:USDC" }\n[bot]\nmode = "live"\n'
    config.write_text(CHAIN + venue, encoding="utf-8")
    code, said = await dnbot("config", "show", "-c", str(config), "--live")
    assert (code, "set `account` and `signing_key` by environment" in said) == (2, True), said
    config.write_text(CHAIN + venue.replace("[bot]", 'api_key = "x"\n[bot]'), encoding="utf-8")
    config.chmod(0o600)
    code, said = await dnbot("config", "show", "-c", str(config), "--live")
    assert code == 2
    assert "`api_key` is a setting of binance, bitget, bitget-uta, other venues, and kind is 'farside'" in said


def test_its_certificate_is_for_its_hosts() -> None:
    _, authority = certificates(SERVER.hosts)
    assert ssl.create_default_context(cadata=authority).cert_store_stats()["x509_ca"] == 1
