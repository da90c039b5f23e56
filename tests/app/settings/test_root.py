"""What the settings mean: the policy, and what is secret."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from bot.app.settings.problems import dotted, undotted
from bot.app.settings.root import url_secrets
from bot.core.policy import (
    ExecutionPolicy,
    FixedWidth,
    GuardPolicy,
    HedgeMarket,
    HedgePolicy,
    Policy,
    RiskAversion,
    Style,
    TrackingBudget,
)
from bot.core.types import Symbol, Underlying, VenueId
from tests.app.settings.scenes import MANAGER, loaded, refused
from tests.core.risks import CAREFUL

ETH, BTC = Underlying("ETH"), Underlying("BTC")


def market(venue: str, underlying: str, cap: int) -> HedgeMarket:
    return HedgeMarket(VenueId(venue), Symbol(f"{underlying}/USDT:USDT"), Decimal(cap))


def test_the_policy_says_what_the_settings_say(tmp_path: Path) -> None:
    extra = """
    [hedge]
    ratio = 0.9
    fixed_cost = 2
    floor_width = "1%"
    assumed_volatility = "70%"
    underlyings.BTC.ratio = 1.2
    [guards]
    max_order_notional = 10
    max_notional_per_underlying = 20
    max_notional_total = 30
    max_orders_per_minute = 4
    max_snapshot_age = "5s"
    max_pool_mark_deviation = "6%"
    absence_blocks = 7
    slippage = "0.8%"
    [execution]
    style = "taker"
    deadline = "9s"
    patience = "25%"
    urgent = 4
    [venues.second]
    kind = "paper"
    symbols = { ETH = "ETH/USDT:USDT" }
    max_notional = 500
    """
    assert loaded(tmp_path, extra).settings.policy() == Policy(
        band=RiskAversion(Decimal(50)),
        floor_width=Decimal("0.01"),
        fixed_cost=Decimal(2),
        assumed_volatility=Decimal("0.7"),
        hedges={
            ETH: HedgePolicy(Decimal("0.9"), (market("paper", "ETH", 1_000_000), market("second", "ETH", 500))),
            BTC: HedgePolicy(Decimal("1.2"), (market("paper", "BTC", 1_000_000),)),
        },
        guards=GuardPolicy(
            max_order_notional=Decimal(10),
            max_order_share=Decimal("0.25"),
            max_notional_per_underlying=Decimal(20),
            max_notional_total=Decimal(30),
            max_orders_per_minute=4,
            max_snapshot_age=timedelta(seconds=5),
            max_pool_mark_deviation=Decimal("0.06"),
            max_pool_average_deviation=Decimal("0.015"),
            max_pool_step=Decimal("0.015"),
            max_depeg=Decimal("0.02"),
            absence_blocks=7,
            slippage=Decimal("0.008"),
        ),
        risk=CAREFUL,
        venue_caps={VenueId("paper"): Decimal(1_000_000), VenueId("second"): Decimal(1_000_000)},
        execution=ExecutionPolicy(Style.TAKER, timedelta(seconds=9), Decimal("0.25"), Decimal(4)),
    )


def test_the_other_kinds_of_band(tmp_path: Path) -> None:
    tracking = loaded(tmp_path, '[hedge.band]\ntracking_error = "0.4%"').settings
    fixed = loaded(tmp_path, "[hedge.band]\nfixed_width = 0.02").settings
    assert tracking.policy().band == TrackingBudget(Decimal("0.004"))
    assert fixed.policy().band == FixedWidth(Decimal("0.02"))


def test_one_chosen_leg_is_hedged(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "[hedge.underlyings.BTC]\nenabled = false").settings
    assert list(settings.policy().hedges) == [ETH]


def test_what_an_endpoint_hides() -> None:
    found = url_secrets("https://me:pass%21word@node.example:8545/v2/AbCdEfGh1234?key=zyxwvuts98&x=1")
    assert found >= {"me:pass%21word@", "me:pass!word@", "pass%21word", "pass!word", "AbCdEfGh1234", "zyxwvuts98"}
    assert "node.example" not in found


def test_a_plain_endpoint_hides_nothing() -> None:
    assert url_secrets("http://127.0.0.1:8545") == url_secrets("http://127.0.0.1:8545/") == frozenset()
    assert url_secrets("http://node.example/rpc/v1") == frozenset()


def test_the_settings_know_their_secrets_and_never_show_them(tmp_path: Path) -> None:
    settings = loaded(tmp_path, DNBOT_CHAINS__LOCAL__WS_URLS="wss://node/SECRETKEY").settings
    assert settings.secrets() == {"SECRETKEY"}
    assert "SECRETKEY" not in repr(settings)


def test_a_token_is_mapped_or_ignored(tmp_path: Path) -> None:
    table = f'[chains.local.tokens."{MANAGER}"]\n'
    (chain,) = loaded(tmp_path, table + "ignore = true").settings.chains.values()
    assert [(token, item.ignore, item.underlying) for token, item in chain.tokens.items()] == [(MANAGER, True, None)]
    for wrong in ("rate = 2", 'underlying = "ETH"\nignore = true', "ignore = false"):
        error = refused(tmp_path, table + wrong)
        assert error.key == f"chains.local.tokens.{MANAGER}"
        assert error.message == 'needs either underlying, such as "ETH", or ignore = true'
        assert error.source == str(tmp_path / "extra.toml")


KEYS = st.one_of(st.integers(min_value=0, max_value=99), st.text(alphabet="aZ0_-.]$ [", min_size=1, max_size=8))


@given(st.tuples(st.text(alphabet="ab_", min_size=1), st.lists(KEYS)).map(lambda path: (path[0], *path[1])))
def test_a_dotted_key_reads_back(path: tuple[str | int, ...]) -> None:
    assert undotted(dotted(path)) == path
