"""What is not believed holds back as much of the hedge as hangs on it: a stranger's pool or gift holds back nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.assess import assess
from bot.core.decide import decide
from bot.core.decision import Decision, Severity
from bot.core.run_state import BotState, RunState
from bot.core.snapshot import ChainView, LeftOut, LpPosition, PoolPrice, Token, VenueUnknown
from bot.core.state import State
from bot.core.types import Address, ChainName, PoolId, PositionId, Underlying
from tests.core.scenes import (
    BTC,
    ETH,
    MARKS,
    NO_INPUTS,
    NOW,
    PAPER,
    TOKENS,
    USD,
    chain,
    hedge,
    lp,
    policy,
    pool_price,
    snapshot,
    venue,
)

D = Decimal
COIN = Underlying("COIN")
OWN = lp("own", (50, 100_000), pool="own")
TRAP = "trap"


def fresh() -> State:
    return State(BotState(RunState.RUNNING, "test", NOW))


def view(
    *positions: LpPosition, off: Decimal | int = 10, pool: str = TRAP, block: int = 100, name: str = "local"
) -> ChainView:
    """Show positions on a chain whose pool ``pool`` is priced ``off`` times the mark; the others stand at it."""
    names = {item.pool for item in positions}
    pools = [pool_price(MARKS[ETH] * (off if each == f"0x{pool}" else 1), pool=each[2:]) for each in sorted(names)]
    return chain(positions, pools=pools, block=block, name=ChainName(name))


def sold(decision: Decision) -> Decimal:
    return -sum((item.order.quantity for item in decision.approved), D(0))


def keys(decision: Decision) -> set[str]:
    return {alarm.key for alarm in decision.alarms}


@given(
    claims=st.lists(st.decimals("1e-18", "1e9", places=18), min_size=1, max_size=5),
    off=st.sampled_from([D("1e-30"), D("0.1"), D("0.9"), D("1.2"), D(10), D("1e30")]),
    short=st.decimals(-60, 0, places=3),
)
def test_gifts_in_a_pool_at_an_absurd_price_change_no_order_and_no_exposure(
    claims: list[Decimal], off: Decimal, short: Decimal
) -> None:
    gifts = [lp(f"gift{at}", (amount, amount), pool=TRAP) for at, amount in enumerate(claims)]
    account = venue({ETH: short})
    alone = decide(snapshot(view(OWN), account), NO_INPUTS, fresh(), policy())
    beset = decide(snapshot(view(OWN, *gifts, off=off), account), NO_INPUTS, fresh(), policy())
    assert beset.approved == alone.approved
    assert [item.exposure for item in beset.hedges] == [item.exposure for item in alone.hedges]
    assert beset.refused == alone.refused
    assert keys(beset) - keys(alone) == {"unbelieved:local"}


def test_a_gift_is_told_with_what_it_claims() -> None:
    gift = lp("gift", ("0.000000000000001", 0), pool=TRAP)
    decision = decide(snapshot(view(OWN, gift)), NO_INPUTS, fresh(), policy())
    (message,) = (alarm.message for alarm in decision.alarms if alarm.key == "unbelieved:local")
    assert "it claims 1.000e-15 ETH and " in message
    assert "+900.00% off the marks" in message


def test_of_many_gifts_those_that_claim_most_are_described() -> None:
    gifts = [lp(f"gift{at}", (at, 0), pool=TRAP) for at in range(1, 400)]
    decision = decide(snapshot(view(OWN, *gifts)), NO_INPUTS, fresh(), policy())
    (message,) = (alarm.message for alarm in decision.alarms if alarm.key == "unbelieved:local")
    assert [message.index(f"gift{at} is not hedged") for at in (399, 398, 397)] == sorted(
        message.index(f"gift{at} is not hedged") for at in (399, 398, 397)
    )
    assert "and 396 more like these" in message
    assert len(message) < 1_000


@pytest.mark.parametrize(
    ("amounts", "severity"),
    [((1e-9, 1e-6), Severity.INFO), (("0.1", 200), Severity.INFO), ((5, 10_000), Severity.WARNING)],
)
def test_dust_that_was_believed_once_lets_a_stranger_warn_of_nothing(
    amounts: tuple[D | str | int, D | str | int], severity: Severity
) -> None:
    """He gives it at a fair price, and moves his pool afterwards."""
    part = lp("part", (D(amounts[0]), D(amounts[1])), pool="part")
    first = decide(snapshot(view(OWN, part)), NO_INPUTS, fresh(), policy())
    later = decide(snapshot(view(OWN, part, pool="part", block=101)), NO_INPUTS, first.state, policy())
    (alarm,) = (one for one in later.alarms if one.key == "pool:local:0xpart")
    assert alarm.severity is severity


@pytest.mark.parametrize(("amounts", "is_told"), [(("0.1", 200), False), ((5, 10_000), True)])
def test_what_a_pool_says_of_a_dollar_is_told_where_it_matters(amounts: tuple[D | str, int], *, is_told: bool) -> None:
    part = lp("part", amounts, pool="part")
    state = decide(snapshot(view(OWN, part)), NO_INPUTS, fresh(), policy()).state
    for minutes in range(1, 34, 8):
        at = timedelta(minutes=minutes)
        shown = view(OWN, part, pool="part", block=100 + minutes)
        shown = replace(shown, block=replace(shown.block, timestamp=shown.block.timestamp + at))
        seen = replace(snapshot(shown), observed_at=NOW + at)
        decision = decide(seen, NO_INPUTS, state, policy())
        state = decision.state
    assert ("par:local:0xpart" in keys(decision)) is is_told


def test_a_pool_of_ours_that_is_doubted_keeps_its_amounts_and_holds_back_its_own_share() -> None:
    part = lp("part", (10, 20_000), pool="part")
    first = decide(snapshot(view(OWN, part)), NO_INPUTS, fresh(), policy())
    assert sold(first) > 55
    # the pool jumps: what it shows now (nothing of ETH left) counts for nothing, both ways
    shown = lp("part", (0, 200_000), pool="part")
    doubted = view(OWN, shown, pool="part", block=101)
    bare = decide(snapshot(doubted, venue({ETH: 0})), NO_INPUTS, first.state, policy())
    assert {item.underlying: item.exposure for item in bare.hedges}[ETH] == 60
    assert sold(bare) == 50, "the believed 50 are hedged, the doubted 10 are not added for"
    hedged = decide(snapshot(doubted, venue({ETH: -60})), NO_INPUTS, first.state, policy())
    assert not hedged.approved, "nor is their hedge bought back"


def test_with_all_liquidity_doubted_nothing_is_added_and_reductions_pass() -> None:
    first = decide(snapshot(view(OWN)), NO_INPUTS, fresh(), policy())
    doubted = view(OWN, pool="own", block=101)
    assert not decide(snapshot(doubted, venue({ETH: 0})), NO_INPUTS, first.state, policy()).approved
    over = decide(snapshot(doubted, venue({ETH: -80})), NO_INPUTS, first.state, policy())
    assert sold(over) < 0


def test_a_stale_chain_holds_back_the_hedge_of_its_own_liquidity_only() -> None:
    other = lp("other", (10, 20_000), pool="other")
    first = decide(snapshot((view(OWN), view(other, name="slow"))), NO_INPUTS, fresh(), policy())
    stamp = replace(view(other).block, timestamp=NOW - timedelta(minutes=5), number=101)
    old = replace(view(other, name="slow"), block=stamp)
    decision = decide(snapshot((view(OWN, block=101), old), venue({ETH: 0})), NO_INPUTS, first.state, policy())
    assert sold(decision) == 50
    (message,) = (alarm.message for alarm in decision.alarms if alarm.key == "stale:slow")
    assert "10.0000 ETH of the exposure rest on it" in message
    assert str(USD) not in message


def test_two_doubts_add_up() -> None:
    parts = [lp(f"part{at}", (10, 20_000), pool=f"part{at}") for at in range(2)]
    first = decide(snapshot(view(OWN, *parts)), NO_INPUTS, fresh(), policy())
    pools = [pool_price(MARKS[ETH] * factor, pool=name) for name, factor in (("own", 1), ("part0", 10), ("part1", 3))]
    both = chain([OWN, *parts], pools=pools, block=101)
    assert sold(decide(snapshot(both, venue({ETH: 0})), NO_INPUTS, first.state, policy())) == 50


def test_a_position_that_is_there_but_left_out_is_not_absent() -> None:
    """Such as one whose rate can't be read: what was believed of it stays hedged, for ever, and adds wait for it."""
    part = lp("part", (10, 20_000), pool="part")
    state = decide(snapshot(view(OWN, part), venue({ETH: -60})), NO_INPUTS, fresh(), policy()).state
    for block in range(101, 120):
        left = (LeftOut(PositionId("part"), "its rate can't be read"),)
        decision = decide(
            snapshot(replace(view(OWN, block=block), left_out=left), venue({ETH: -60})), NO_INPUTS, state, policy()
        )
        assert not decision.approved
        state = decision.state
    bare = decide(snapshot(replace(view(OWN, block=120), left_out=left), venue({ETH: 0})), NO_INPUTS, state, policy())
    assert sold(bare) == 50
    assert {"left-out:part", "unread:part"} <= keys(bare)


def test_a_stake_in_a_farm_that_was_shut_and_one_with_a_caveat_stay_hedged_and_are_told() -> None:
    farm = Address("0x00000000000000000000000000000000000000F1")
    staked = replace(OWN, staked_in=farm)
    alone = decide(snapshot(view(staked)), NO_INPUTS, fresh(), policy())
    shut = decide(snapshot(view(replace(staked, farm_shut=True))), NO_INPUTS, fresh(), policy())
    assert keys(shut) - keys(alone) == {"farm-shut:own"}
    (alarm,) = (one for one in shut.alarms if one.key == "farm-shut:own")
    assert f"own is staked in {farm}, which was shut" in alarm.message
    unsure = decide(snapshot(view(replace(staked, caveat="1/6 is taken for it"))), NO_INPUTS, fresh(), policy())
    assert keys(unsure) - keys(alone) == {"caveat:own"}
    for one in (shut, unsure):
        assert one.approved == alone.approved
        assert one.hedges == alone.hedges


def test_gifts_in_unknown_tokens_make_one_alarm_and_nothing_else() -> None:
    gifts = tuple(LeftOut(PositionId(f"gift{at}"), f"token {at} is not known", is_discovered=True) for at in range(300))
    alone = decide(snapshot(view(OWN)), NO_INPUTS, fresh(), policy())
    beset = decide(snapshot(replace(view(OWN), left_out=gifts)), NO_INPUTS, fresh(), policy())
    assert beset.approved == alone.approved
    assert keys(beset) - keys(alone) == {"left-out:local"}
    (message,) = (alarm.message for alarm in beset.alarms if alarm.key == "left-out:local")
    assert "gift0 and 299 more" in message


@given(
    price=st.sampled_from(["1e-40", "1e-9", "1", "1e9", "1e40"]),
    amount=st.sampled_from(["1e-18", "1", "1e18"]),
    against=st.sampled_from([USD, ETH]),
)
def test_a_token_that_only_a_pool_prices_widens_no_band_and_raises_no_limit(
    price: str, amount: str, against: Underlying
) -> None:
    """Whoever owns such a token moves its pool as they like."""
    coin = replace(lp("coin", (amount, 0), pool="coin"), token0=Token(Address("0xC"), "COIN", 18, COIN, D(1)))
    coin = replace(coin, token1=TOKENS[against])
    pools = (*view(OWN).pools, PoolPrice(PoolId("0xcoin"), COIN, against, D(price), D(1)))
    shown = replace(view(OWN), positions=(OWN, coin), pools=pools)
    alone = decide(snapshot(view(OWN)), NO_INPUTS, fresh(), policy())
    beset = decide(snapshot(shown), NO_INPUTS, fresh(), policy())
    assert beset.approved == alone.approved
    assert keys(beset) - keys(alone) == {"no-market:COIN"}


@pytest.mark.parametrize(
    ("btc", "severity"),
    [("0.00000001", Severity.WARNING), ("0.04", Severity.WARNING), ("0.06", Severity.CRITICAL), (5, Severity.CRITICAL)],
)
def test_dust_in_what_no_venue_trades_wakes_nobody_up(btc: str | int, severity: Severity) -> None:
    """The owner has 200,000 USD of liquidity, and BTC stands at 40,000 in the pool."""
    gift = replace(lp("gift", (btc, 0), pool="gift"), token0=replace(TOKENS[BTC], decimals=18))
    pools = (*view(OWN).pools, PoolPrice(PoolId("0xgift"), BTC, USD, D(40_000), D(1)))
    shown = replace(view(OWN), positions=(OWN, gift), pools=pools)
    decision = decide(snapshot(shown), NO_INPUTS, fresh(), policy(hedges={ETH: hedge(ETH)}))
    (alarm,) = (one for one in decision.alarms if one.key == "no-market:BTC")
    assert alarm.severity is severity


@pytest.mark.parametrize("factor", ["3", "1.5", "0.7", "0.01"])
@pytest.mark.parametrize("against", [ETH, USD])
def test_a_vault_that_lies_about_its_rate_moves_no_order(factor: str, against: Underlying) -> None:
    """Its pool does not follow it: what lies there stays as it was last believed, both ways."""

    def shown(rate: str, block: int) -> ChainView:
        share = lp("share", (20, 40_000), (ETH, against), pool="share")
        share = replace(share, token0=replace(share.token0, symbol="vault", rate=D(rate)))
        price = (MARKS[ETH] if against == USD else D(1)) / D(rate)
        pools = (*view(OWN).pools, PoolPrice(PoolId("0xshare"), ETH, against, price, D(1)))
        return replace(view(OWN, block=block), positions=(OWN, share), pools=pools)

    first = decide(snapshot(shown("1", 100)), NO_INPUTS, fresh(), policy())
    hedged = venue({ETH: -first.hedges[-1].exposure if first.hedges[-1].underlying == ETH else 0})
    again = decide(snapshot(shown(factor, 101), hedged), NO_INPUTS, first.state, policy())
    assert [item.exposure for item in again.hedges] == [item.exposure for item in first.hedges]
    assert not again.approved
    assert "pool:local:0xshare" in keys(again)


def test_a_silent_venue_takes_nothing_from_the_value_of_the_liquidity() -> None:
    """Else the loss limits, which are shares of the capital, would shrink while nobody can see the hedge's gains."""
    first = assess(snapshot(view(OWN)), NO_INPUTS, fresh(), policy())
    silent = snapshot(view(OWN, block=101), [VenueUnknown(PAPER, "no answer", NOW)])
    assert assess(silent, NO_INPUTS, first.state, policy()).lp_value == first.lp_value == 200_000
