"""UNKNOWN is resolved by looking: what proves an order placed, what proves it never was, and what proves nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.core.orders import (
    Fill,
    Intent,
    NotFound,
    OrderKind,
    OrderReport,
    OrderRequest,
    OrderStatus,
    TimeInForce,
)
from bot.core.reconciliation.lost_orders import Evidence, NeverPlaced, Placed, ResolutionRule, StillUnknown, resolve
from bot.core.types import ClientOrderId, Symbol, Underlying, VenueId

SENT = datetime(2025, 1, 1, tzinfo=UTC)
ETH = Symbol("ETH/USDT:USDT")
VENUE = VenueId("binance")
OWN = ClientOrderId("bot-1-7")
OTHER = ClientOrderId("bot-1-6")
SHORT = Decimal(-3)

INTENT = Intent(
    OWN,
    7,
    OrderRequest(
        VENUE, ETH, Underlying("ETH"), Decimal(-1), OrderKind.LIMIT, TimeInForce.IOC, reduce_only=False, reason="t"
    ),
    SENT,
)


def after(seconds: float) -> datetime:
    return SENT + timedelta(seconds=seconds)


def nothing(seconds: float) -> NotFound:
    return NotFound(OWN, after(seconds))


def seen(seconds: float, status: OrderStatus = OrderStatus.FILLED) -> OrderReport:
    filled = Decimal(-1) if status is OrderStatus.FILLED else Decimal(0)
    return OrderReport(OWN, "1", ETH, status, Decimal(-1), filled, Decimal(3000), None, after(seconds))


def trade(client_id: ClientOrderId | None, quantity: int) -> Fill:
    return Fill(
        "t", client_id, VENUE, ETH, Decimal(quantity), Decimal(3000), Decimal(0), Decimal(0), is_maker=False, at=SENT
    )


QUIET = Evidence(SENT, (nothing(36), nothing(52), nothing(68)), SHORT, SHORT, (), after(68))


def test_four_kinds_of_silence_together_prove_that_an_order_was_never_placed() -> None:
    assert resolve(INTENT, QUIET, after(69)) == NeverPlaced(nothing(68))


@pytest.mark.parametrize(
    ("evidence", "why"),
    [
        (replace(QUIET, sightings=(nothing(36), nothing(52))), "2 of 3"),
        (replace(QUIET, sightings=(nothing(40), nothing(41), nothing(42), nothing(43))), "1 of 3"),
        (replace(QUIET, sightings=(nothing(1), nothing(17), nothing(34), nothing(68))), "1 of 3"),
        (replace(QUIET, sightings=(nothing(36), nothing(52), nothing(99))), "2 of 3"),
        (replace(QUIET, position_before=None), "not known"),
        (replace(QUIET, position_now=None), "not known"),
        (replace(QUIET, read_at=None), "not known"),
        (replace(QUIET, read_at=after(20)), "before the request had certainly ended"),
        (replace(QUIET, position_now=Decimal(-4)), "moved by -1"),
        (replace(QUIET, trades=(trade(None, -1),), position_now=Decimal(-4)), "nobody's order"),
        (replace(QUIET, trades=(trade(OTHER, -1),)), "moved by 1"),
    ],
)
def test_one_missing_piece_leaves_it_unknown(evidence: Evidence, why: str) -> None:
    answer = resolve(INTENT, evidence, after(69))
    assert isinstance(answer, StillUnknown)
    assert why in answer.reason
    assert answer.look_again_at >= after(67)


def test_other_orders_trades_explain_a_moved_position() -> None:
    evidence = replace(QUIET, trades=(trade(OTHER, -1), trade(None, 2)), position_now=Decimal(-2))
    assert isinstance(resolve(INTENT, evidence, after(69)), NeverPlaced)


def test_a_report_proves_it_placed_at_any_time_and_the_newest_counts() -> None:
    early, late = seen(1, OrderStatus.OPEN), seen(2)
    answer = resolve(INTENT, replace(QUIET, sightings=(late, nothing(68), early)), after(3))
    assert answer == Placed(late, ())


def test_a_trade_with_its_id_proves_it_placed() -> None:
    own = trade(OWN, -1)
    assert resolve(INTENT, replace(QUIET, trades=(own,)), after(69)) == Placed(None, (own,))


def test_before_the_deadline_it_says_when_to_look_again() -> None:
    assert resolve(INTENT, QUIET, after(35)) == StillUnknown(
        "the request may still be under way", after(35) + timedelta(milliseconds=1)
    )
    assert resolve(INTENT, replace(QUIET, sightings=(nothing(36),)), after(40)) == StillUnknown(
        "1 of 3 spaced look-ups found nothing", after(41)
    )


@given(
    looks=st.lists(st.floats(0, 200), max_size=12),
    applied=st.floats(0, 5),
    lag=st.floats(0, 60),
    fills=st.booleans(),
)
def test_an_order_that_the_venue_took_is_never_called_never_placed(
    looks: list[float],
    applied: float,
    lag: float,
    fills: bool,  # noqa: FBT001 - drawn by hypothesis
) -> None:
    """The venue answers with a state up to a minute old; it takes a request until its window closes."""
    sightings: list[OrderReport | NotFound] = []
    position, trades, read_at = SHORT, (), None
    for at in sorted(looks):
        visible = at - lag >= applied
        sightings.append(seen(at) if visible else nothing(at))
        position, read_at = (SHORT - 1 if visible and fills else SHORT), after(at)
        evidence = Evidence(SENT, tuple(sightings), SHORT, position, trades, read_at)
        assert not isinstance(resolve(INTENT, evidence, after(at)), NeverPlaced)


def test_an_answer_that_may_be_from_before_the_request_ended_proves_nothing() -> None:
    evidence = replace(QUIET, sightings=(nothing(36), nothing(42), nothing(64)), read_at=after(64))
    answer = resolve(INTENT, evidence, after(64))
    assert answer == StillUnknown("what the venue answers may be from before the request ended", after(65))


@given(start=st.floats(0, 100), gaps=st.lists(st.floats(0, 40), min_size=1, max_size=12))
@example(start=0.0, gaps=[0.0, 0.0, 0.0, 16.0, 1.0])
@example(start=0.0, gaps=[0.0, 0.0, 15.0])
def test_looking_when_told_to_ends_for_an_order_that_never_arrived(start: float, gaps: list[float]) -> None:
    rule = ResolutionRule()
    now, sightings = after(start), []
    for _ in range(rule.looks + 2):
        sightings.append(NotFound(OWN, now))
        answer = resolve(INTENT, Evidence(SENT, tuple(sightings), SHORT, SHORT, (), now), now)
        if isinstance(answer, NeverPlaced):
            break
        assert isinstance(answer, StillUnknown)
        assert answer.look_again_at >= now
        now = max(answer.look_again_at, now) + timedelta(seconds=gaps[len(sightings) % len(gaps)])
    assert isinstance(resolve(INTENT, Evidence(SENT, tuple(sightings), SHORT, SHORT, (), now), now), NeverPlaced)
