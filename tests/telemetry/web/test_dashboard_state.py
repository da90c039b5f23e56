"""The page's memory: bounded, and a change that comes while another is being sent is not missed."""

from __future__ import annotations

import json
from typing import Any

from bot.clock import ManualClock
from bot.core.orders import NotFound, Unknown
from bot.core.run_state import RunState
from bot.core.telemetry_event import CycleRecorded, OrderReported
from bot.telemetry.health import Pulse
from bot.telemetry.web.dashboard_state import Board
from tests.core.scenes import ETH, NOW, pending
from tests.telemetry.feed import tell
from tests.telemetry.web.scenes import ABOUT, SILENT, UNKNOWN, record


def board() -> Board:
    clock = ManualClock(NOW)
    return Board(ABOUT, clock, Pulse(clock, 60), 10)


def status(of: Board) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(of.status())
    return found


def test_what_was_asked_for_before_a_change_is_set_by_it() -> None:
    page = board()
    changed = page.changed
    tell(page, CycleRecorded(record()))
    assert changed.is_set()
    assert not page.changed.is_set()


def test_only_the_newest_orders_and_events_are_kept() -> None:
    page = board()
    for number in range(70):
        intent = pending(ETH, str(-number - 1)).intent
        tell(page, OrderReported(intent, Unknown(intent.client_id, "lost")))
    orders = status(page)["orders"]
    assert len(orders) == 50
    assert orders[0]["id"] == "dn-ETH--70"


def test_a_later_answer_replaces_what_was_known_of_an_order() -> None:
    page = board()
    intent = pending(ETH, "-1").intent
    tell(page, OrderReported(intent, Unknown(intent.client_id, "lost")))
    tell(page, OrderReported(intent, NotFound(intent.client_id, NOW)))
    assert [item["status"] for item in status(page)["orders"]] == ["never placed"]


def test_alarms_and_states_leave_a_trace_when_they_change() -> None:
    page = board()
    for item in (record(1), record(2, UNKNOWN), record(3), record(4, run=RunState.FROZEN)):
        tell(page, CycleRecorded(item))
    events = [(item["kind"], item["message"]) for item in reversed(status(page)["events"])]
    assert [item for item in events if item[1] == SILENT] == [("alarm warning", SILENT), ("resolved", SILENT)]
    assert events[-1] == ("state", "frozen: test")
