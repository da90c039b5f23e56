"""Client ids: what is written is read back, fits every venue, and what an earlier version wrote is still ours."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.reconciliation.identity import NOISE, Forced, Identity, OrderKey, new_epoch
from bot.core.types import ClientOrderId, VenueId
from bot.exchange.config import CcxtConfig
from bot.exchange.order_ids import TextIds
from bot.paper.exchange import IDS
from bot.venues.registry import KINDS, kind_of

BOTS = st.from_regex(r"[a-z0-9]{1,12}", fullmatch=True)
TIMES = st.datetimes(datetime(1970, 1, 1), datetime(2089, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants them bare
DOCUMENTED = {
    "binance": r"[\.A-Z\:/a-z0-9_-]{1,36}",
    "bitget": r"[A-Za-z0-9_-]{1,32}",
    "bitget-uta": r"[\.A-Z\:/a-z0-9_-]{1,32}",
}
"""Binance: newClientOrderId in its documentation. Bitget documents 50 characters and refuses odd ones: 32 of these; the
unified account's are under Place Order, ClientOid Constraints."""


def ids_of(kind: str) -> TextIds:
    facts = kind_of(kind).dialect(CcxtConfig(VenueId(kind), kind, (), login={"apiKey": "key"})).facts
    assert isinstance(facts.ids, TextIds)
    return facts.ids


@given(BOTS, TIMES, st.integers(0, NOISE - 1), st.integers(1, 10**8 - 1))
def test_what_is_written_is_read_back_and_fits_every_venue(bot: str, at: datetime, noise: int, number: int) -> None:
    key = OrderKey(new_epoch(at, noise, 0), number)
    for kind, pattern in DOCUMENTED.items():
        written = ids_of(kind).encode(bot, key)
        assert re.fullmatch(pattern, written)
        assert ids_of(kind).decode(bot, written) == key
    assert set(DOCUMENTED) <= set(KINDS)


@given(BOTS, st.integers(1, 10**9 - 1), st.integers(1, 10**9))
def test_ids_of_the_first_version_are_ours(bot: str, epoch: int, number: int) -> None:
    assert IDS.decode(bot, f"{bot}-{epoch}-{number}") == OrderKey(epoch, number)


@given(TIMES, TIMES, st.integers(0, NOISE - 1), st.integers(0, NOISE - 1))
def test_a_later_epoch_is_a_larger_one_and_larger_than_any_of_the_first_version(
    one: datetime, two: datetime, noise: int, other: int
) -> None:
    first, second = sorted([one, two])
    if second - first >= timedelta(milliseconds=1) and second > datetime(2021, 1, 1, tzinfo=UTC):
        assert new_epoch(second, other, 0) > new_epoch(first, noise, 0)
        assert new_epoch(second, other, 0) > 10**9
    assert new_epoch(first, noise, new_epoch(second, other, 0)) > new_epoch(second, other, 0)


@pytest.mark.parametrize(
    "client_id",
    [
        "",
        "dn",
        "dn-",
        "dn-1",
        "dn-1-",
        "dn--1",
        "dn-1-1-1",
        "dnx-1-1",
        "xdn-1-1",
        "dn-1a-1",
        "dn-1-1 ",
        "web_1",
    ],
)
def test_nobody_elses_id_is_ours(client_id: str) -> None:
    assert IDS.decode("dn", client_id) is None


def test_an_order_without_an_id_is_nobodys() -> None:
    me = Identity("dn", 7, IDS)
    assert me.decode(None) is None
    assert me.epoch_of(ClientOrderId("dn-3-1")) == 3
    assert me.forced(None) is None
    assert me.decode(me.encode(9)) == OrderKey(7, 9)


def test_what_does_not_fit_is_never_written() -> None:
    with pytest.raises(ValueError, match="longer than 32"):
        IDS.encode("z23456789012", OrderKey(36**10 - 1, 10**9))
    with pytest.raises(ValueError, match="more digits"):
        IDS.encode("a", OrderKey(36**10, 1))


@pytest.mark.parametrize(
    ("client_id", "why"),
    [
        ("autoclose-1732", Forced.LIQUIDATION),
        ("adl_autoclose", Forced.DELEVERAGING),
        ("settlement_autoclose-5", Forced.SETTLEMENT),
        ("web_autoclose-1", None),
    ],
)
def test_the_venues_own_orders_are_told_by_its_documented_words(client_id: str, why: Forced | None) -> None:
    """Source: Binance's documentation of clientOrderId in ORDER_TRADE_UPDATE."""
    assert ids_of("binance").forced(client_id) is why
