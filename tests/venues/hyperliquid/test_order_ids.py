"""Client ids of 128 bits: what is written is read back, and nobody else's is ours."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.reconciliation.identity import NOISE, OrderKey, new_epoch
from bot.venues.hyperliquid.order_ids import Cloids

BOTS = st.from_regex(r"[a-z0-9]{1,12}", fullmatch=True)
TIMES = st.datetimes(datetime(1970, 1, 1), datetime(2089, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants them bare
IDS = Cloids()


@given(BOTS, BOTS, TIMES, st.integers(0, NOISE - 1), st.integers(0, 2**37 - 1))
def test_what_is_written_is_read_back_by_its_own_bot(
    bot: str, other: str, at: datetime, noise: int, number: int
) -> None:
    key = OrderKey(new_epoch(at, noise, 0), number)
    written = IDS.encode(bot, key)
    assert re.fullmatch(r"0x[0-9a-f]{32}", written)
    assert (IDS.takes(written), IDS.decode(bot, written)) == (True, key)
    assert bot == other or IDS.decode(other, written) is None


@pytest.mark.parametrize(
    "client_id", ["", "0x", "bot-1-1", "0x" + "0" * 31, "0x" + "A" * 32, "0x" + "g" * 32, "0" * 34]
)
def test_what_the_venue_would_not_take_is_nobodys(client_id: str) -> None:
    assert (IDS.takes(client_id), IDS.decode("bot", client_id), IDS.forced(client_id)) == (False, None, None)


@pytest.mark.parametrize("key", [OrderKey(2**51, 1), OrderKey(1, 2**37)])
def test_what_has_no_room_is_never_written(key: OrderKey) -> None:
    with pytest.raises(ValueError, match="no room"):
        IDS.encode("bot", key)
