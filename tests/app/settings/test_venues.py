"""Paper and real venues: what belongs to which, and what a mode lets out of this machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.app.settings import load
from bot.app.settings.show import as_toml
from bot.app.settings.venues import MarkSource
from bot.core.errors import ConfigError
from bot.core.types import VenueId
from tests.app.settings.scenes import written

PAPER = '[venues.paper]\nkind = "paper"\nsymbols = { ETH = "ETH/USDT:USDT" }\ndemo = true'
KEY, SECRET = "K3Y" * 8, "S3CR3T" * 6
REAL = {"DNBOT_VENUES__REAL__API_KEY": KEY, "DNBOT_VENUES__REAL__SECRET": SECRET}


CHAIN = """
[chains.local]
chain_id = 1
rpc_urls = ["http://127.0.0.1:8545"]
owners = ["0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"]
[[chains.local.uniswap_v3]]
position_manager = "0xC36442b4a4522E871399CD717aBDD847Ab11FE88"
"""

ON_PAPER = '[venues.paper]\nkind = "paper"\nsymbols = { ETH = "ETH/USDT:USDT" }\n'


def venue(*lines: str, mode: str = "paper") -> str:
    table = ["[venues.real]", 'kind = "binance"', 'symbols = { ETH = "ETH/USDT:USDT" }', *lines]
    return "\n".join([f'[bot]\nmode = "{mode}"', CHAIN, *table])


def refused(tmp_path: Path, text: str, environ: Mapping[str, str], *, live: bool = False) -> str:
    with pytest.raises(ConfigError) as caught:
        load([written(tmp_path, text)], environ, live=live)
    return str(caught.value)


def test_paper_mode_lets_nothing_out_of_this_machine(tmp_path: Path) -> None:
    said = refused(tmp_path, venue(), REAL)
    assert 'venues.real.kind: is "binance", a real exchange, and bot.mode is "paper"' in said


def test_a_venue_server_on_this_machine_is_paper(tmp_path: Path) -> None:
    text = venue('redirect_to = "127.0.0.1:8443"', 'ca_file = "ca.pem"')
    assert load([written(tmp_path, text)], REAL).settings.venues[VenueId("real")].is_local


@pytest.mark.parametrize("address", ["10.0.0.1:8443", "fapi.binance.com:443", "127.0.0.1", "127.0.0.1:0"])
def test_a_redirect_leads_nowhere_but_to_this_machine(tmp_path: Path, address: str) -> None:
    said = refused(tmp_path, venue(f'redirect_to = "{address}"', 'ca_file = "ca.pem"'), REAL)
    assert "venues.real.redirect_to: must be an address of this machine" in said


@pytest.mark.parametrize(("mode", "demo"), [("demo", "false"), ("live", "true")])
def test_demo_trading_and_real_money_are_never_mixed_up(tmp_path: Path, mode: str, demo: str) -> None:
    said = refused(tmp_path, venue(f"demo = {demo}", mode=mode), REAL, live=True)
    assert "venues.real.demo: must be" in said


def test_live_needs_both_the_setting_and_the_flag(tmp_path: Path) -> None:
    assert "--live was not given" in refused(tmp_path, venue(mode="live"), REAL)
    file = written(tmp_path, venue(mode="live"))
    assert not load([file], REAL, live=True).settings.venues[VenueId("real")].is_local


def test_a_real_venue_needs_credentials(tmp_path: Path) -> None:
    assert "venues.real: has no credentials" in refused(tmp_path, venue(mode="live"), {}, live=True)


def test_a_setting_of_the_other_kind_is_refused(tmp_path: Path) -> None:
    assert "`deposit` is a setting of paper venues" in refused(tmp_path, venue("deposit = 5"), REAL)
    assert "`demo` is a setting of real venues" in refused(tmp_path, PAPER, {})


def test_a_key_in_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    text = venue(f'api_key = "{KEY}"', f'secret = "{SECRET}"', mode="live")
    file = written(tmp_path, text)
    file.chmod(0o644)
    with pytest.raises(ConfigError, match="stands in a file that others can read"):
        load([file], {}, live=True)
    file.chmod(0o600)
    assert load([file], {}, live=True).settings.venues


def test_no_credential_is_shown(tmp_path: Path) -> None:
    loaded = load([written(tmp_path, venue(mode="live"))], REAL, live=True)
    shown = as_toml(loaded) + repr(loaded.settings)
    assert KEY not in shown
    assert SECRET not in shown
    assert {KEY, SECRET} <= loaded.settings.secrets()


def test_a_paper_venue_may_take_its_prices_from_a_real_one(tmp_path: Path) -> None:
    text = f'{CHAIN}{ON_PAPER}mark = "venue"\nsource = "binance"\n'
    venue = load([written(tmp_path, text)], {}).settings.venues[VenueId("paper")]
    assert (venue.mark, venue.source, venue.is_paper, venue.is_local) == (MarkSource.VENUE, "binance", True, True)


@pytest.mark.parametrize("lines", ['mark = "venue"', 'source = "binance"', 'mark = "venue"\nsource = "paper"'])
def test_prices_of_a_venue_need_its_name(tmp_path: Path, lines: str) -> None:
    with pytest.raises(ConfigError, match="`source` names the real venue"):
        load([written(tmp_path, f"{CHAIN}{ON_PAPER}{lines}\n")], {})
