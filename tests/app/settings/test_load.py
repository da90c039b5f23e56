"""Where settings come from, who wins, and what is said when they are wrong."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.app.settings import ConfigErrors, load
from bot.core.errors import ConfigError
from tests.app.settings.bad_input import BAD
from tests.app.settings.scenes import OWNER, RIGHT, loaded, refused, written


def test_a_small_configuration_gets_the_defaults(tmp_path: Path) -> None:
    settings = loaded(tmp_path).settings
    assert settings.bot.cycle_interval == timedelta(seconds=30)
    assert settings.hedge.band.risk_aversion == 50
    assert settings.hedge.floor_width == Decimal("0.005")
    assert settings.bot.mode == "paper"


def test_tables_merge_over_files_and_lists_are_replaced(tmp_path: Path) -> None:
    extra = '[chains.local]\nrpc_urls = ["http://a", "http://b"]\n[hedge]\nratio = 0.5'
    result = loaded(tmp_path, extra)
    chain = next(iter(result.settings.chains.values()))
    assert [url.get_secret_value() for url in chain.rpc_urls] == ["http://a", "http://b"]
    assert chain.owners == (OWNER,)
    assert result.origins.of(("chains", "local", "rpc_urls")).endswith("extra.toml")
    assert result.origins.of(("chains", "local", "owners")).endswith("bot.toml")
    assert result.origins.of(("guards", "slippage")) == "default"


def test_each_source_beats_the_one_before_it(tmp_path: Path) -> None:
    file = written(tmp_path, RIGHT + "[hedge]\nratio = 0.1\n[log]\nlevel = 'error'")
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    environ = {"DNBOT_SECRETS_DIR": str(secrets)}

    def ratio() -> tuple[Decimal, str]:
        result = load([file], environ, overrides=flags)
        return result.settings.hedge.ratio, result.origins.of(("hedge", "ratio"))

    flags: dict[str, str] = {}
    assert ratio() == (Decimal("0.1"), str(file))
    (secrets / "DNBOT_HEDGE__RATIO").write_text("0.2\n")
    assert ratio() == (Decimal("0.2"), f"secret {secrets / 'DNBOT_HEDGE__RATIO'}")
    environ["DNBOT_HEDGE__RATIO"] = "0.3"
    assert ratio() == (Decimal("0.3"), "environment DNBOT_HEDGE__RATIO")
    flags["hedge.ratio"] = "0.4"
    assert ratio() == (Decimal("0.4"), "flag for hedge.ratio")


def test_a_secrets_directory_that_was_asked_for_must_exist(tmp_path: Path) -> None:
    error = refused(tmp_path, environ={"DNBOT_SECRETS_DIR": str(tmp_path / "none")})
    assert "which does not exist" in str(error)


def test_other_peoples_secrets_are_left_alone(tmp_path: Path) -> None:
    written(tmp_path, "x", "postgres_password")
    assert loaded(tmp_path, DNBOT_SECRETS_DIR=str(tmp_path)).settings.hedge.ratio == 1


@pytest.mark.parametrize(("extra", "key", "says"), BAD)
def test_what_is_wrong_is_said_with_file_key_and_remedy(tmp_path: Path, extra: str, key: str, says: str) -> None:
    error = refused(tmp_path, extra)
    assert error.key == key
    assert says in error.message
    assert str(tmp_path / "extra.toml") in (error.source or "")


def test_two_band_kinds_in_two_files_name_both_files(tmp_path: Path) -> None:
    first = written(tmp_path, RIGHT + "[hedge.band]\nrisk_aversion = 50", "first.toml")
    second = written(tmp_path, '[hedge.band]\ntracking_error = "1%"', "second.toml")
    with pytest.raises(ConfigError, match=r"first\.toml, .*second\.toml: hedge\.band: 2 kinds given"):
        load([first, second], {})


def test_live_mode_with_nothing_but_paper_venues_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path, RIGHT + '[bot]\nmode = "live"')
    with pytest.raises(ConfigError, match="every venue is a paper one"):
        load([file], {}, live=True)


def test_the_live_flag_alone_changes_nothing(tmp_path: Path) -> None:
    assert load([written(tmp_path, RIGHT)], {}, live=True).settings.bot.mode == "paper"


def test_several_errors_are_shown_together(tmp_path: Path) -> None:
    error = refused(tmp_path, "[hedge]\nratio = 2\nfixed_cost = -1\n[log]\nlevel = 'loud'")
    assert isinstance(error, ConfigErrors)
    assert [one.key for one in error.errors] == ["hedge.ratio", "hedge.fixed_cost", "log.level"]
    assert len(str(error).splitlines()) == 3


def test_what_is_missing_is_described(tmp_path: Path) -> None:
    error = refused(tmp_path, text="[venues.paper]\nkind = 'paper'\nsymbols = { ETH = 'ETH/USDT:USDT' }")
    assert error.key == "chains"
    assert error.message == "is missing: the chains whose positions are hedged"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("# only a comment\n", "is empty"),
        ("[bot\n", "is no TOML: "),
        ("a = 1\nb = = 2", "(at line 2, column 5)"),
        ("a = " + "9" * 5000, "is no TOML"),
        ("a = 1e9999999999999999999", "is no TOML"),
        ("a = " + "[" * 5000, "is no TOML"),
    ],
)
def test_a_file_that_is_no_configuration_is_named(tmp_path: Path, text: str, says: str) -> None:
    error = refused(tmp_path, text=text)
    assert error.source == str(tmp_path / "bot.toml")
    assert says in error.message


def test_a_path_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for path, says in ((tmp_path / "none", "no such file"), (tmp_path, "a directory"), (tmp_path / "binary", "UTF-8")):
        with pytest.raises(ConfigError) as caught:
            load([path], {})
        assert caught.value.source == str(path)
        assert says in caught.value.message


def test_nothing_at_all_says_how_to_begin() -> None:
    with pytest.raises(ConfigError, match="pass -c FILE"):
        load([], {})


def test_an_endpoint_never_shows_in_an_error(tmp_path: Path) -> None:
    for bad in ('["ftp://host/SECRETKEY"]', '"https://host/SECRETKEY"', '[["https://host/SECRETKEY"]]'):
        error = refused(tmp_path, f"[chains.local]\nrpc_urls = {bad}")
        assert "SECRETKEY" not in str(error)


@pytest.mark.parametrize("value", ["2", "1", '"90s"'])
def test_the_old_grace_in_cycles_is_accepted_with_a_warning_and_not_read_as_seconds(tmp_path: Path, value: str) -> None:
    found = loaded(tmp_path, f"[risk.stop]\ngrace = {value}\ninside = 0.02")
    stop = found.settings.policy().risk.stop
    assert (stop.grace_time, stop.inside) == (timedelta(minutes=1), Decimal("0.02"))
    (warning,) = found.warnings
    assert warning.startswith(f"{tmp_path / 'extra.toml'}: risk.stop.grace counted cycles")


def test_the_new_grace_counts_beside_the_old_one_and_without_it_nothing_is_said(tmp_path: Path) -> None:
    both = loaded(tmp_path, '[risk.stop]\ngrace = 2\ngrace_time = "90s"')
    assert both.settings.policy().risk.stop.grace_time == timedelta(seconds=90)
    assert loaded(tmp_path, '[risk.stop]\ngrace_time = "2m"').warnings == ()
    assert refused(tmp_path, "[risk.stop]\ngraze = 2").key == "risk.stop.graze"
