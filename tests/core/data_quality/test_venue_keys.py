"""A key that ends is told a week before, loudly on its last day, and never holds anything back by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.data_quality.venue_keys import key_alarms
from bot.core.decide import decide
from bot.core.decision import Severity
from bot.core.snapshot import Snapshot
from tests.core.scenes import ETH, NO_INPUTS, NOW, chain, policy, snapshot, state, v2, venue

DAY = timedelta(days=1)


def ending(left: timedelta | None) -> Snapshot:
    view = replace(venue({ETH: "0"}), key_ends=None if left is None else NOW + left)
    return replace(snapshot([chain([v2("lp", 20_000)])], [view]), observed_at=NOW)


@pytest.mark.parametrize(
    ("left", "severity", "says"),
    [
        (None, None, ""),
        (7 * DAY + timedelta(seconds=1), None, ""),
        (7 * DAY, Severity.WARNING, "the key for paper ends on "),
        (1.01 * DAY, Severity.WARNING, " UTC: approve a new one and restart with it; resting stops stay"),
        (DAY, Severity.CRITICAL, " ends on "),
        (-DAY, Severity.CRITICAL, " ended on "),
    ],
)
def test_it_is_told_in_time(left: timedelta | None, severity: Severity | None, says: str) -> None:
    found = {alarm.key: alarm for alarm in decide(ending(left), NO_INPUTS, state(), policy()).alarms}
    told = found.get("key:paper")
    assert (told.severity if told else None) is severity
    assert told is None or says in told.message
    assert (told is None) == (not [*key_alarms(ending(left))])


def test_orders_are_the_same_with_and_without_an_end() -> None:
    with_end, without = (decide(ending(left), NO_INPUTS, state(), policy()) for left in (DAY, None))
    assert with_end.approved == without.approved != ()
