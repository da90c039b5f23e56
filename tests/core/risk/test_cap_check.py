"""Caps below a market's smallest order are no caps but a bot that can do nothing."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.core.errors import ConfigError
from bot.core.policy import Policy
from bot.core.risk.cap_check import require_room
from tests.core.scenes import ETH, GUARDS, PAPER, hedge, policy, quote

MARKET = quote(ETH, min_notional="20").market
LEAST, TOO_LITTLE = Decimal(20), Decimal("19.99")


@pytest.mark.parametrize("name", ["max_order_notional", "max_notional_per_underlying", "max_notional_total"])
def test_each_guard_must_leave_room_for_one_order(name: str) -> None:
    def limited(cap: Decimal) -> Policy:
        return policy(guards=replace(GUARDS, **{name: cap}))  # type: ignore[arg-type] # all of them are amounts

    require_room(limited(LEAST), [MARKET])
    with pytest.raises(ConfigError, match=r"is 19\.99 USD, below the smallest order of ETH/USDT:USDT at paper, 20 USD"):
        require_room(limited(TOO_LITTLE), [MARKET])


def test_so_must_the_caps_of_venue_and_market() -> None:
    with pytest.raises(ConfigError) as caught:
        require_room(replace(policy(), venue_caps={PAPER: TOO_LITTLE}), [MARKET])
    assert caught.value.key == f"venues.{PAPER}.max_notional_total"
    with pytest.raises(ConfigError) as caught:
        require_room(policy(hedges={ETH: hedge(ETH, cap="19.99")}), [MARKET])
    assert caught.value.key == f"venues.{PAPER}.max_notional"
