"""Where settings come from, who wins, and what is said when they are wrong."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.app.settings import ConfigErrors, load
from bot.core.errors import ConfigError
from tests.app.settings.scenes import MANAGER, OWNER, PAIR, RIGHT, loaded, refused, written

TWIN = f"""
[chains.b]
chain_id = 31337
rpc_urls = ["http://a"]
owners = ["{OWNER}"]
uniswap_v3 = [{{ position_manager = "{MANAGER}" }}]
"""
WRONG_CHECKSUM = "0xf39fd6e51aad88F6F4ce6aB8827279cffFb92266"


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


@pytest.mark.parametrize(
    ("extra", "key", "says"),
    [
        ("[hedge]\nratoi = 1", "hedge.ratoi", "unknown key; did you mean hedge.ratio?"),
        ("[guard]\nslippage = 0.1", "guard", "unknown key; did you mean guards?"),
        ("slippage = 0.1", "slippage", "unknown key; did you mean guards.slippage?"),
        ("[log]\nzzzz = 1", "log.zzzz", "unknown key; known here: level, format"),
        ("[hedge]\nratio = 2", "hedge.ratio", "write 0 to 1.5"),
        ("[hedge]\nratio = -0.1", "hedge.ratio", "write 0 to 1.5"),
        ("[hedge]\nratio = nan", "hedge.ratio", "must be a finite number"),
        ("[hedge]\nratio = true", "hedge.ratio", "must be a number"),
        (
            '[hedge.band]\nrisk_aversion = 50\nfixed_width = "2%"',
            "hedge.band",
            "2 kinds given (fixed_width, risk_aversion)",
        ),
        ("[hedge.band]", "hedge.band", "no kind given; keep exactly one of risk_aversion, tracking_error, fixed_width"),
        (f'[chains.local]\nowners = ["{WRONG_CHECKSUM}"]', "chains.local.owners[1]", f"write {OWNER}"),
        (f'[chains.local]\nowners = ["{OWNER.lower()}"]', "chains.local.owners[1]", "has no EIP-55 checksum"),
        ('[chains.local]\nowners = ["0x12"]', "chains.local.owners[1]", "is no address"),
        (f'[chains.local]\nowners = "{OWNER}"', "chains.local.owners", "must be a list"),
        ("[chains.local]\nmax_batch = true", "chains.local.max_batch", "must be a number"),
        ("[chains.local]\nmax_batch = 1.5", "chains.local.max_batch", "must be a whole number"),
        ("[chains.local]\nrpc_urls = []", "chains.local.rpc_urls", "must not be empty"),
        ('[chains.local]\nws_urls = ["http://a"]', "chains.local.ws_urls[1]", "write ws://host or wss://host"),
        ('[chains.local]\nmulticall = "no"', "chains.local.multicall", 'or "none"'),
        ("[chains]\nlocal = 3", "chains.local", "must be a table"),
        (TWIN, "chains.b.chain_id", "would count twice"),
        ("[chains.local]\nuniswap_v3 = []", "chains.local", "has no position source"),
        ("[chains.local]\nowners = []", "chains.local", "nobody whose positions to read"),
        (
            f'[[chains.local.uniswap_v2]]\nname = "uniswap_v3"\npairs = ["{PAIR}"]',
            "chains.local",
            "two deployments have the name",
        ),
        (f'[chains.local]\nowners = ["{OWNER}", "{OWNER}"]', "chains.local.owners", f"{OWNER} is listed twice"),
        (f'[[chains.local.uniswap_v2]]\npairs = ["{MANAGER}"]', "chains.local", f"{MANAGER} is listed twice"),
        (
            f'[[chains.local.uniswap_v2]]\npairs = ["{PAIR}"]\nholders = ["{OWNER}"]',
            "chains.local",
            "is an owner and a holder",
        ),
        (
            f'[[chains.local.uniswap_v3]]\nposition_manager = "{PAIR}"\ntoken_ids = [-1]',
            "chains.local.uniswap_v3[1].token_ids[1]",
            "must be greater than or equal to 0",
        ),
        ('[venues.paper.symbols]\nETH = "BTC/USDT:USDT"', "venues.paper", "BTC/USDT:USDT does not carry ETH"),
        ("[hedge]\nfixed_cost = 1e999", "hedge.fixed_cost", "must be a number of ordinary size"),
        ("[hedge.underlyings.SOL]\nratio = 1", "hedge.underlyings.SOL", "no venue has a market for SOL"),
        ("[hedge.underlyings.USD]\nratio = 1", "hedge.underlyings.USD", "never hedged"),
        (
            "[hedge.underlyings]\nETH = { enabled = false }\nBTC = { enabled = false }",
            "hedge.underlyings",
            "nothing is hedged",
        ),
        ('[venues.paper.symbols]\nUSD = "USD/USDT:USDT"', "venues.paper.symbols.USD", "never hedged"),
        ('[venues.paper.symbols]\nETH = "ETHUSDT"', "venues.paper.symbols.ETH", "is no linear perpetual"),
        ('[venues.paper]\nmark = "script"', "venues.paper", "give both or neither"),
        ('[venues.paper]\nkind = "X Y"', "venues.paper.kind", "is no kind of venue"),
        (
            "[guards]\nmax_notional_total = 1",
            "guards.max_notional_per_underlying",
            "is above guards.max_notional_total, which is 1",
        ),
        ("[chains.local]\nignore_positions = ['uniswap_v9:1']", "chains.local", "is of no deployment here; there are"),
        ("[chains.local]\nignore_positions = ['uniswap_v2']", "chains.local.ignore_positions[1]", "names no position"),
        ("[chains.local]\nonly_positions = ['uniswap_v2:x']", "chains.local.only_positions[1]", "names no position"),
        (
            "[chains.local]\nonly_positions = ['uniswap_v3:7']\nignore_positions = ['uniswap_v3:7']",
            "chains.local",
            "keep it in one of them",
        ),
        ('[bot]\nid = "Too Long For An Id"', "bot.id", "1 to 12 of a-z and 0-9"),
        ('[bot]\ncycle_interval = "5 parsecs"', "bot.cycle_interval", 'write "30s"'),
        ('[bot]\nmode = "live"', "bot.mode", "--live was not given"),
    ],
)
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
