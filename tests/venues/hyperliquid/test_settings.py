"""The venue's own keys of the configuration: what can't be right is told before anything is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.app.adapter_configs import ccxt_config
from bot.app.settings import load
from bot.core.errors import ConfigError
from bot.core.types import Symbol, Underlying, VenueId

EXAMPLE = Path(__file__).parents[3] / "config/hyperliquid-live.toml"
ACCOUNT, KEY, SUB = "0x" + "A1" * 20, "0x" + "5" * 64, "0x" + "5a" * 20
GOOD = {"ACCOUNT_ADDRESS": ACCOUNT, "AGENT_KEY": KEY}


def loaded(keys: dict[str, str], more: Path | None = None) -> dict[str, str]:
    """Return what ccxt is told for an environment."""
    environ = {f"DNBOT_VENUES__HL__{name}": value for name, value in keys.items()}
    files = [EXAMPLE] if more is None else [EXAMPLE, more]
    settings = load(files, environ, live=True).settings
    return dict(ccxt_config(VenueId("hl"), settings.venues[VenueId("hl")], "hyperliquid").login)


def test_addresses_are_lower_case_and_the_key_bare() -> None:
    login = {"walletAddress": ACCOUNT.lower(), "privateKey": "5" * 64, "approver": ACCOUNT.lower(), "vault": ""}
    assert loaded(GOOD) == login
    assert loaded({**GOOD, "TRADE_FOR": SUB}) == {**login, "walletAddress": SUB, "vault": SUB}


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({**GOOD, "ACCOUNT_ADDRESS": "0x12"}, "is no address; write 0x and 40 hexadecimal digits"),
        ({**GOOD, "TRADE_FOR": "main"}, "is no address; write 0x and 40 hexadecimal digits"),
        ({**GOOD, "AGENT_KEY": "tiger"}, "is no private key; write 64 hexadecimal digits"),
        ({"ACCOUNT_ADDRESS": ACCOUNT}, "set `account_address` and `agent_key` by environment"),
        ({**GOOD, "API_KEY": "x"}, "`api_key` is a setting of binance, bitget, bitget-uta, other venues"),
    ],
)
def test_what_can_t_be_right_is_told(keys: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError) as error:
        loaded(keys)
    assert said in str(error.value)
    assert not any(value in str(error.value) for value in (KEY, "5" * 64, "tiger"))


def test_a_market_of_a_dex_carries_the_underlying_after_its_name(tmp_path: Path) -> None:
    more = tmp_path / "more.toml"
    more.write_text('[venues.dex]\nkind = "hyperliquid"\nsymbols = { TSLA = "XYZ-TSLA/USDC:USDC" }\n', encoding="utf-8")
    environ = {f"DNBOT_VENUES__{name}__{key}": value for name in ("HL", "DEX") for key, value in GOOD.items()}
    settings = load([EXAMPLE, more], environ, live=True).settings
    assert settings.venues[VenueId("dex")].symbols == {Underlying("TSLA"): Symbol("XYZ-TSLA/USDC:USDC")}
