"""An alarm is told once, again while it lasts, and once when it is over, however it flickers."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.core.alerts import AlertPolicy, Notice, NotifiedAlarms, Stage, advance
from bot.core.decision import Alarm, Severity
from tests.core.scenes import NOW

POLICY = AlertPolicy(Severity.WARNING, timedelta(hours=1), timedelta(minutes=2))
MINUTE = timedelta(minutes=1)


def alarm(key: str = "a", severity: Severity = Severity.WARNING) -> Alarm:
    return Alarm(key, severity, f"{key} is wrong")


def told(*steps: tuple[float, tuple[Alarm, ...]], policy: AlertPolicy = POLICY) -> list[tuple[float, Stage, str]]:
    """Play alarms at minutes; return what was told at which."""
    told: NotifiedAlarms = {}
    heard: list[tuple[float, Stage, str]] = []
    for minute, alarms in steps:
        told, notices = advance(told, alarms, NOW + minute * MINUTE, policy)
        heard += [(minute, notice.stage, notice.alarm.key) for notice in notices]
    return heard


def test_it_is_told_once_reminded_and_resolved() -> None:
    there = [(minute, (alarm(),)) for minute in range(130)]
    gone: list[tuple[float, tuple[Alarm, ...]]] = [(minute, ()) for minute in range(130, 140)]
    assert told(*there, *gone) == [
        (0, Stage.RAISED, "a"),
        (60, Stage.STILL, "a"),
        (120, Stage.STILL, "a"),
        (131, Stage.RESOLVED, "a"),
    ]


def test_one_that_flickers_is_told_once() -> None:
    steps = [(minute / 2, (alarm(),) if minute % 3 == 0 else ()) for minute in range(60)]
    assert told(*steps) == [(0, Stage.RAISED, "a")]


def test_what_grows_worse_is_told_at_once() -> None:
    critical = alarm(severity=Severity.CRITICAL)
    assert told((0, (alarm(),)), (1, (critical,)), (2, (alarm(),)), (3, (critical,))) == [
        (0, Stage.RAISED, "a"),
        (1, Stage.WORSE, "a"),
        (3, Stage.WORSE, "a"),
    ]


def test_the_most_severe_of_one_key_counts() -> None:
    _, notices = advance({}, (alarm(), alarm(severity=Severity.CRITICAL), alarm()), NOW, POLICY)
    assert [notice.alarm.severity for notice in notices] == [Severity.CRITICAL]


def test_what_is_not_severe_enough_is_never_told() -> None:
    assert told((0, (alarm(severity=Severity.INFO),)), (90, (alarm(severity=Severity.INFO),))) == []


SEVERITIES = st.none() | st.sampled_from(Severity)


@given(st.lists(st.tuples(SEVERITIES, SEVERITIES, st.integers(1, 40)), max_size=60))
def test_every_story_begins_with_raised_and_never_goes_on_after_resolved(
    steps: list[tuple[Severity | None, Severity | None, int]],
) -> None:
    told: NotifiedAlarms = {}
    heard: dict[str, list[Notice]] = {"a": [], "b": []}
    now = NOW
    for first, second, minutes in steps:
        now += minutes * MINUTE
        alarms = [alarm(key, one) for key, one in (("a", first), ("b", second)) if one is not None]
        told, notices = advance(told, alarms, now, POLICY)
        for notice in notices:
            heard[notice.alarm.key].append(notice)
    for key, story in heard.items():
        open_now = False
        for notice in story:
            assert open_now is (notice.stage is not Stage.RAISED)
            open_now = notice.stage is not Stage.RESOLVED
        assert open_now is (key in told)
