"""What `config show` prints loads again, names every source, and hides keys."""

from __future__ import annotations

import json
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from bot.app.redact import Redactor
from bot.app.settings import load
from bot.app.settings.show import as_data, as_toml, redact_url
from tests.app.settings.scenes import MANAGER, PAIR, loaded, written

OTHER = "0x88e6A0c2dDD26FEEb64F039a2c41296FcB3f5640"
EXTRA = f"""
[chains.local]
multicall = "none"
max_head_age = "1500ms"
[[chains.local.uniswap_v2]]
pairs = ["{PAIR}"]
[[chains.local.uniswap_v2]]
name = "other"
pairs = ["{OTHER}"]
[chains.local.tokens."{MANAGER}"]
underlying = "ETH"
rate = 1.17
[hedge]
ratio = 1.25
[hedge.band]
tracking_error = "0.4%"
[hedge.underlyings.BTC]
enabled = false
[bot]
state_dir = 'odd "name" \\ é'
"""


def test_what_is_shown_loads_to_the_same_settings(tmp_path: Path) -> None:
    first = loaded(tmp_path, EXTRA)
    again = load([written(tmp_path, as_toml(first), "shown.toml")], {})
    assert again.settings == first.settings


def test_every_line_names_its_source(tmp_path: Path) -> None:
    lines = as_toml(loaded(tmp_path, EXTRA, DNBOT_LOG__LEVEL="debug")).splitlines()
    assert f"ratio = 1.25  # {tmp_path / 'extra.toml'}" in lines
    assert 'level = "debug"  # environment DNBOT_LOG__LEVEL' in lines
    assert "discover = true  # default" in lines
    assert f'position_manager = "{MANAGER}"  # {tmp_path / "bot.toml"}' in lines
    values = [line for line in lines if line and not line.startswith("[")]
    assert all("  # " in line for line in values)


def test_the_json_form_gives_values_and_sources(tmp_path: Path) -> None:
    data = json.loads(json.dumps(as_data(loaded(tmp_path, EXTRA))))
    assert Decimal(data["settings"]["hedge"]["ratio"]) == Decimal("1.25")
    assert data["sources"]["hedge.ratio"] == str(tmp_path / "extra.toml")
    assert data["sources"]["chains.local.uniswap_v2[2].name"] == str(tmp_path / "extra.toml")
    assert data["sources"]["chains.local.uniswap_v2[1].name"] == "default"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://127.0.0.1:8545", "http://127.0.0.1:8545"),
        ("http://127.0.0.1:8545/", "http://127.0.0.1:8545/"),
        ("https://node/v2/KEY", "https://node/…"),
        ("https://user:pass@node:1?key=KEY", "https://node:1/…"),
        ("wss://node/#KEY", "wss://node/…"),
        ("tgram://TOKEN/CHAT", "tgram://…"),
    ],
)
def test_an_endpoint_shows_its_host_only(url: str, shown: str) -> None:
    assert redact_url(url) == shown


def test_no_key_is_shown_in_either_form(tmp_path: Path) -> None:
    result = loaded(tmp_path, DNBOT_CHAINS__LOCAL__RPC_URLS="https://user:hunter2@node/v2/SECRETKEY")
    text = as_toml(result) + json.dumps(as_data(result))
    assert "https://node/…" in text
    for secret in ("SECRETKEY", "user:", "hunter2"):
        assert secret not in text


def test_nothing_of_a_broker_or_an_alert_is_shown_or_logged(tmp_path: Path) -> None:
    result = loaded(
        tmp_path,
        '[mqtt]\nusername = "dnbot"\n',
        DNBOT_MQTT__PASSWORD="hunter2",  # noqa: S106 - no one's
        DNBOT_MQTT__KEY="0123456789abcdef0123456789abcdef",
        DNBOT_ALERTS__URLS="tgram://123456789:ABCDEFGH/42,mailtos://me:swordfish@mail.example",
        DNBOT_ALERTS__PULSE_URL="https://hc.example/ping/UUIDUUID",
    )
    text = as_toml(result) + json.dumps(as_data(result))
    redact = Redactor(result.settings.secrets())
    for secret in ("hunter2", "0123456789abcdef", "ABCDEFGH", "swordfish", "UUIDUUID", "123456789"):
        assert secret not in text
        assert secret not in redact(f"mailtos://me:swordfish@x hunter2 {result.settings.mqtt.key.get_secret_value()}")
    assert redact("could not reach 123456789:ABCDEFGH at swordfish") == "could not reach [redacted] at [redacted]"


def test_numbers_are_shown_plainly(tmp_path: Path) -> None:
    shown = tomllib.loads(as_toml(loaded(tmp_path, "[guards]\nmax_notional_total = 1e9\nslippage = 1e-7")))
    assert shown["guards"]["max_notional_total"] == 1_000_000_000
    assert shown["guards"]["slippage"] == 0.0000001
