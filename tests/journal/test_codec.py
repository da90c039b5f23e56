"""JSON of the core: exact both ways, and no value that is none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Protocol

import pytest
from hypothesis import HealthCheck, given, settings

from bot.core.decision import Decision
from bot.core.orders import NotFound, Outcome, Rejected, RejectReason
from bot.core.run_state import BotState, RunState
from bot.core.snapshot import Snapshot
from bot.core.state import MarketWatch, MarkHistory, State
from bot.core.types import ClientOrderId, Symbol, VenueId
from bot.journal import rows
from bot.journal.codec import Codec
from bot.protocols.registry import CURVES
from tests.journal import things

MANY = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
SNAPSHOT = rows.CycleRows(CURVES).snapshot
GOOD = things.state(1)


def exact(value: object) -> str:
    """Tell 1.0 from 1.00 and 1 from True, which are equal."""
    return repr(value).replace("TzInfo(0)", "datetime.timezone.utc")


@MANY
@given(things.values(State))
def test_a_state_comes_back_as_it_was(value: State) -> None:
    back = rows.STATE.loads(rows.STATE.dumps(value))
    assert back == value
    assert exact(back) == exact(value)


@MANY
@given(things.values(Decision))
def test_a_decision_comes_back_as_it_was(value: Decision) -> None:
    back = rows.DECISION.loads(rows.DECISION.dumps(value))
    assert back == value
    assert exact(back) == exact(value)


@MANY
@given(things.values(Snapshot))
def test_a_snapshot_comes_back_as_it_was_curves_included(value: Snapshot) -> None:
    back = SNAPSHOT.loads(SNAPSHOT.dumps(value))
    assert back == value
    assert exact(back) == exact(value)


@MANY
@given(things.values(Outcome | NotFound))
def test_an_outcome_comes_back_as_the_kind_that_it_was(value: Outcome | NotFound) -> None:
    back = rows.OUTCOME.loads(rows.OUTCOME.dumps(value))
    assert type(back) is type(value)
    assert back == value


def test_numbers_are_strings_and_members_of_a_union_are_named() -> None:
    said = json.loads(SNAPSHOT.dumps(things.snapshot(1, 2)))
    assert said["chains"][0]["positions"][0]["token0"]["rate"] == "1"
    assert [position["curve"]["type"] for position in said["chains"][0]["positions"]] == ["v3", "v2"]
    assert said["venues"][0]["type"] == "VenueView"


def test_a_key_of_two_parts_is_one_string_and_comes_back_whatever_it_holds() -> None:
    plain, odd = (VenueId("paper"), things.ETH_PERP), (VenueId("a|b%7C"), Symbol("100%"))
    watch = MarketWatch(Decimal(-1), Decimal(-1), Decimal(-1))
    data = rows.STATE.dumps(replace(GOOD, markets={plain: watch, odd: watch}))
    assert next(iter(json.loads(data)["markets"])) == "paper|ETH/USDT:USDT"
    assert list(rows.STATE.loads(data).markets) == [plain, odd]
    with pytest.raises(ValueError, match="2 parts"):
        rows.STATE.loads(data.replace(b"paper|", b"paper"))


def test_every_part_of_a_number_survives_in_plain_json() -> None:
    marks = MarkHistory(last={things.ETH: Decimal("1.10E+5"), things.BTC: Decimal("0.000000000000000000000000000001")})
    said = json.loads(rows.STATE.dumps(replace(GOOD, marks=marks)))
    assert said["marks"]["last"] == {"ETH": "1.10E+5", "BTC": "1E-30"}


@pytest.mark.parametrize("word", ["NaN", "sNaN", "-NaN", "NaN7", "Infinity", "-Infinity"])
def test_what_is_no_number_is_refused_both_ways(word: str) -> None:
    bad = replace(GOOD, marks=MarkHistory(last={things.ETH: Decimal(word)}))
    with pytest.raises(ValueError, match="no State"):
        rows.STATE.dumps(bad)
    text = rows.STATE.dumps(replace(GOOD, marks=MarkHistory(last={things.ETH: Decimal("8.125")})))
    with pytest.raises(ValueError, match="no State"):
        rows.STATE.loads(text.replace(b"8.125", word.encode()))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_float_that_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="no State"):
        rows.STATE.dumps(replace(GOOD, marks=MarkHistory(weight=value)))


def test_a_message_may_speak_of_nan() -> None:
    spoken = replace(GOOD, bot=BotState(RunState.FROZEN, "the venue answered NaN", things.NOW))
    assert rows.STATE.loads(rows.STATE.dumps(spoken)) == spoken


def test_a_time_needs_a_zone_and_is_written_in_utc() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        rows.STATE.dumps(replace(GOOD, order_times=(datetime(2025, 1, 1),)))  # noqa: DTZ001 - the error under test
    far = datetime(2025, 1, 1, 3, tzinfo=timezone(timedelta(hours=3)))
    text = rows.STATE.dumps(replace(GOOD, order_times=(far,)))
    assert json.loads(text)["order_times"] == ["2025-01-01T00:00:00+00:00"]
    assert rows.STATE.loads(text).order_times == (far,)
    with pytest.raises(ValueError, match="timezone"):
        rows.STATE.loads(text.replace(b"+00:00", b""))


def test_a_value_of_another_type_than_declared_is_refused() -> None:
    wrong: Any = 1.5
    with pytest.raises(ValueError, match="can't be written"):
        rows.STATE.dumps(replace(GOOD, marks=MarkHistory(last={things.ETH: wrong})))


def test_a_rejection_is_no_unknown_though_its_fields_would_do() -> None:
    rejected = Rejected(ClientOrderId("b-1-1"), RejectReason.OTHER, "-2019", "margin")
    text = rows.OUTCOME.dumps(rejected)
    assert rows.OUTCOME.loads(text) == rejected
    with pytest.raises(ValueError, match="Lost"):
        rows.OUTCOME.loads(text.replace(b"Rejected", b"Lost"))


def test_what_an_older_version_wrote_is_read() -> None:
    text = json.loads(rows.STATE.dumps(GOOD))
    del text["marks"]
    text["gone"] = 1
    assert rows.STATE.loads(json.dumps(text)) == GOOD


@pytest.mark.parametrize("text", [b"", b"{", b"null", b"[]", b"{}", b"\xff"])
def test_what_is_no_such_json_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="no State"):
        rows.STATE.loads(text)


class Shape(Protocol):
    """Stands for a registry."""


@dataclass(frozen=True, slots=True)
class Circle:
    radius: Decimal

    def __post_init__(self) -> None:
        if self.radius < 0:
            raise ValueError("a circle of negative radius")


@dataclass(frozen=True, slots=True)
class Drawing:
    shape: Shape


@dataclass(frozen=True, slots=True)
class Mistyped:
    type: str


def test_a_class_keeps_its_own_checks() -> None:
    codec = Codec[Drawing](Drawing, {Shape: {"circle": Circle}})
    text = codec.dumps(Drawing(Circle(Decimal(1))))
    assert text == b'{"shape":{"type":"circle","radius":"1"}}'
    with pytest.raises(ValueError, match="negative radius"):
        codec.loads(text.replace(b'"1"', b'"-1"'))


def test_a_class_that_nobody_registered_is_refused_when_written() -> None:
    with pytest.raises(ValueError, match="Mistyped is none of circle"):
        Codec[Drawing](Drawing, {Shape: {"circle": Circle}}).dumps(Drawing(Mistyped("")))


@pytest.mark.parametrize(
    ("hint", "registry"),
    [
        (set[int], {}),
        (complex, {}),
        (Drawing, {}),
        (Mapping[str, set[int]], {}),
        (Drawing, {Shape: {"circle": Circle, "wrong": Mistyped}}),
    ],
)
def test_a_type_without_a_form_in_json_is_refused_at_once(hint: object, registry: Any) -> None:  # noqa: ANN401 - of many types
    with pytest.raises(TypeError):
        Codec[object](hint, registry)
