"""`dnbot venue serve`: a paper exchange that any client can reach."""

import json
import os
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import ccxt.async_support as ccxt
import pytest
import trustme

from bot.exchange.redirect import redirected
from tests.cli.scenes import dnbot
from tests.forks import running

Told = Any  # parsed JSON


@contextmanager
def served(*arguments: str, folder: Path) -> Iterator[tuple[Told, Callable[[signal.Signals], int | None]]]:
    """Serve until the end of the block; yield what is said, and what sends a signal and returns the exit code."""
    command = ("bot", "venue", "serve", "--port", "0", "--json", *arguments)
    with running("stdout", *command, cwd=folder) as (lines, process):

        def ended(number: signal.Signals) -> int | None:
            os.kill(process.pid or 0, number)
            process.join(10)
            return process.exitcode

        yield json.loads(lines.readline()), ended


@pytest.mark.parametrize("speaks", ["binance", "bitget", "bitget-uta"])
async def test_ccxt_trades_on_a_served_venue_until_sigterm(tmp_path: Path, speaks: str) -> None:
    with served("--speak", speaks, "--mark", "ETH=2000", "--deposit", "5000", folder=tmp_path) as (told, ended):
        made = ccxt.binanceusdm if speaks == "binance" else ccxt.bitget
        keys = {"apiKey": told["key"], "secret": told["secret"], "password": told["passphrase"]}
        exchange = made(
            {**keys, "enableRateLimit": False, "options": {"defaultType": "swap", "uta": speaks == "bitget-uta"}}
        )
        address = told["url"].removeprefix("https://")
        async with aiohttp.ClientSession(connector=redirected(address, Path(told["ca_file"]))()) as session:
            exchange.session, exchange.own_session = session, False
            await exchange.create_order("ETH/USDT:USDT", "market", "sell", 1)
            (position,) = await exchange.fetch_positions(["ETH/USDT:USDT"])
            assert (position["side"], position["contracts"]) == ("short", 1)
            assert (await exchange.fetch_balance())["USDT"]["total"] == pytest.approx(4999, abs=2)
        assert ended(signal.SIGTERM) == 0


def test_plain_http_and_a_script_of_prices(tmp_path: Path) -> None:
    script = tmp_path / "marks.csv"
    script.write_text("time,underlying,price\n2026-01-01T00:00:00Z,BTC,50000\n")
    arguments = ("--speak", "binance", "--plain", "--marks", str(script), "--symbol", "BTC")
    with served(*arguments, folder=tmp_path) as (told, ended):
        assert told["url"].startswith("http://127.0.0.1:")
        assert (told["ca_file"], told["symbols"]) == (None, ["BTC/USDT:USDT"])
        assert ended(signal.SIGINT) == 0
    assert not list(tmp_path.glob("*.pem"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give prices"),
        (["--mark", "ETH=2000", "--marks", "x.csv"], "give prices"),
        (["--mark", "ETH"], "ETH=2000"),
        (["--mark", "ETH=-1"], "above 0"),
        (["--mark", "eth/usd=5"], "no underlying"),
        (["--marks", "x.csv"], "--symbol ETH"),
        (["--marks", "nowhere.csv", "--symbol", "ETH"], "nowhere.csv"),
        (["--mark", "ETH=2000", "--ca", "no/such/folder/ca.pem"], "no/such/folder/ca.pem: can't be written"),
    ],
)
def test_wrong_use_says_what_would_be_right(arguments: list[str], said: str) -> None:
    ran = dnbot("venue", "serve", "--speak", "binance", *arguments)
    assert ran.code == 2
    assert said in ran.err


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with served("--speak", "binance", "--mark", "ETH=2000", "--plain", folder=tmp_path) as (told, _):
        port = told["url"].rsplit(":", 1)[1]
        ran = dnbot("venue", "serve", "--speak", "binance", "--mark", "ETH=1", "--plain", "--port", port)
    assert (ran.code, "--port" in ran.err, port in ran.err) == (2, True, True)


def test_the_certificate_is_of_the_venue_s_hosts(tmp_path: Path) -> None:
    with served("--speak", "bitget", "--mark", "ETH=2000", folder=tmp_path) as (told, _):
        assert told["hosts"] == ["api.bitget.com", "ws.bitget.com", "wspap.bitget.com"]
        assert ssl.create_default_context(cafile=told["ca_file"]).get_ca_certs()


def test_a_port_that_is_taken_leaves_what_the_other_server_wrote(tmp_path: Path) -> None:
    with served("--speak", "binance", "--mark", "ETH=2000", folder=tmp_path) as (told, _):
        before = Path(told["ca_file"]).read_bytes()
        port = told["url"].rpartition(":")[2]
        ran = dnbot("venue", "serve", "--speak", "bitget", "--mark", "ETH=1", "--port", port, "--ca", told["ca_file"])
        assert ran.code == 2
        assert f"can't listen on port {port}" in ran.err
        assert Path(told["ca_file"]).read_bytes() == before


def test_servers_in_one_folder_share_one_authority(tmp_path: Path) -> None:
    with (
        served("--speak", "binance", "--mark", "ETH=2000", folder=tmp_path) as (one, _),
        served("--speak", "bitget", "--mark", "ETH=2000", folder=tmp_path) as (two, _),
    ):
        assert one["ca_file"] == two["ca_file"]
        trust = ssl.create_default_context(cafile=one["ca_file"])
        for told in (one, two):
            address = told["url"].removeprefix("https://").split(":")
            with (
                socket.create_connection((address[0], int(address[1]))) as plain,
                trust.wrap_socket(plain, server_hostname=told["hosts"][0]) as safe,
            ):
                assert safe.version()
    key = tmp_path / "venue-ca.pem.key"
    assert key.stat().st_mode & 0o777 == 0o600


def test_an_authority_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.pem"
    theirs.write_bytes(trustme.CA(organization_name="somebody").cert_pem.bytes())
    ran = dnbot("venue", "serve", "--speak", "binance", "--mark", "ETH=2000", "--port", "0", "--ca", theirs)
    assert (ran.code, "no authority of dnbot's" in ran.err) == (2, True)
