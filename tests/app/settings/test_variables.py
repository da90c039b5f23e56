"""Settings from environment variables: names, files that hold values, lists and tables."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.app.settings.scenes import MANAGER, loaded, refused, written


def test_a_variable_may_name_a_file_that_holds_the_value(tmp_path: Path) -> None:
    secret = written(tmp_path, "https://node/v2/abcdefgh,https://other\n", "urls")
    result = loaded(tmp_path, DNBOT_CHAINS__LOCAL__RPC_URLS_FILE=str(secret))
    chain = next(iter(result.settings.chains.values()))
    assert [url.get_secret_value() for url in chain.rpc_urls] == ["https://node/v2/abcdefgh", "https://other"]
    assert str(secret) in result.origins.of(("chains", "local", "rpc_urls"))


def test_a_variable_and_its_file_form_exclude_each_other(tmp_path: Path) -> None:
    error = refused(tmp_path, environ={"DNBOT_HEDGE__RATIO": "1", "DNBOT_HEDGE__RATIO_FILE": "x"})
    assert "DNBOT_HEDGE__RATIO and DNBOT_HEDGE__RATIO_FILE are both set" in str(error)


def test_a_variable_that_names_a_missing_file_is_an_error(tmp_path: Path) -> None:
    error = refused(tmp_path, environ={"DNBOT_HEDGE__RATIO_FILE": str(tmp_path / "gone")})
    assert "gone: there is no such file; DNBOT_HEDGE__RATIO_FILE names it" in str(error)


def test_lists_in_variables_are_comma_lists_or_json(tmp_path: Path) -> None:
    for text in ("http://a, http://b,", '["http://a", "http://b"]'):
        settings = loaded(tmp_path, DNBOT_CHAINS__LOCAL__RPC_URLS=text).settings
        chain = next(iter(settings.chains.values()))
        assert [url.get_secret_value() for url in chain.rpc_urls] == ["http://a", "http://b"]


def test_tables_and_lists_of_tables_in_variables_are_json(tmp_path: Path) -> None:
    text = f'[{{"position_manager": "{MANAGER}", "token_ids": [7]}}]'
    settings = loaded(tmp_path, DNBOT_CHAINS__LOCAL__UNISWAP_V3=text).settings
    (entry,) = next(iter(settings.chains.values())).deployments()
    assert (entry.protocol, entry.settings.model_dump()["token_ids"]) == ("uniswap_v3", (7,))
    error = refused(tmp_path, environ={"DNBOT_CHAINS__LOCAL__UNISWAP_V3": "7"})
    assert "must be written as JSON here" in str(error)
    error = refused(tmp_path, environ={"DNBOT_CHAINS__LOCAL__UNISWAP_V3": "[7"})
    assert "DNBOT_CHAINS__LOCAL__UNISWAP_V3: chains.local.uniswap_v3: is no JSON" in str(error)


def test_keys_of_the_users_choice_find_their_case_in_variables(tmp_path: Path) -> None:
    result = loaded(
        tmp_path,
        DNBOT_HEDGE__UNDERLYINGS__ETH__RATIO="0.5",
        DNBOT_VENUES__PAPER__SYMBOLS__SOL="SOL/USDT:USDT",
        **{f"DNBOT_CHAINS__LOCAL__TOKENS__{MANAGER.upper()}__UNDERLYING": "ETH"},
    )
    policy = result.settings.policy()
    assert {name: hedge.ratio for name, hedge in policy.hedges.items()} == {"ETH": Decimal("0.5"), "BTC": 1, "SOL": 1}
    assert list(next(iter(result.settings.chains.values())).tokens) == [MANAGER]


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("DNBOT_HEDGE__RATOI", "DNBOT_HEDGE__RATIO"),
        ("DNBOT_CHAINS__LOCAL__RPC_URL", "DNBOT_CHAINS__LOCAL__RPC_URLS"),
        ("DNBOT_CHAINS__LOCAL__RPC_URL_FILE", "DNBOT_CHAINS__LOCAL__RPC_URLS"),
        ("DNBOT_GUARDS_SLIPPAGE", "DNBOT_GUARDS__SLIPPAGE"),
        ("DNBOT_LOG__LEVEL__X", "DNBOT_LOG__LEVEL"),
    ],
)
def test_a_variable_that_means_nothing_names_the_nearest(tmp_path: Path, name: str, nearest: str) -> None:
    value = str(written(tmp_path, "1", "value")) if name.endswith("_FILE") else "1"
    error = refused(tmp_path, environ={name: value})
    assert str(error) == f"environment: {name} matches no setting; the nearest one is {nearest}"


def test_an_old_key_in_the_environment_is_accepted_with_a_warning(tmp_path: Path) -> None:
    found = loaded(tmp_path, DNBOT_RISK__STOP__GRACE="2")
    assert found.settings.policy().risk.stop.grace_time == timedelta(minutes=1)
    assert [text.split(":")[0] for text in found.warnings] == ["environment DNBOT_RISK__STOP__GRACE"]


def test_a_setting_that_ends_in_file_itself_is_set_by_its_name(tmp_path: Path) -> None:
    result = loaded(tmp_path, DNBOT_MQTT__CA_FILE="/etc/ca.pem")
    assert result.settings.mqtt.ca_file == Path("/etc/ca.pem")
    name = written(tmp_path, "/etc/other.pem", "name")
    assert loaded(tmp_path, DNBOT_MQTT__CA_FILE_FILE=str(name)).settings.mqtt.ca_file == Path("/etc/other.pem")
