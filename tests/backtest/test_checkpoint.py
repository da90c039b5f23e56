"""A replay that was ended and taken up again: the same bytes as one that was left alone; nothing of another one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.backtest.checkpoint import FILE, SPACING, Keeper, fingerprint, lay_aside, take_up
from bot.backtest.engine import Plan, Replay, replay
from bot.backtest.result import Result
from bot.clock import ManualClock
from bot.core.errors import ConfigError
from tests.backtest.recorded import FULL, TEN, plan_2022
from tests.backtest.scenes import generated, needs_data, plan_of
from tests.core.scenes import NOW


class EndedError(Exception):
    """Somebody pulled the plug."""


def everything(found: Result) -> str:
    return f"{found.as_data()}{found.order_lines()}{found.series}"


def in_pieces(plan: Plan, folder: Path, *, skip: bool) -> Result:
    """Replay a day at a time, each in a replay of its own that knows what the one before wrote."""

    def end(at: Replay) -> None:
        lay_aside(at, mark, folder / FILE)
        raise EndedError

    mark = fingerprint(plan, skip=skip)
    while True:
        fresh = Replay(plan, skip=skip)
        if (folder / FILE).exists():
            take_up(fresh, mark, folder / FILE)
        try:
            return fresh.run(end)
        except EndedError:
            continue


@pytest.mark.parametrize("skip", [True, False])
def test_a_replay_in_pieces_gives_the_bytes_of_one_in_one_go(tmp_path: Path, *, skip: bool) -> None:
    model = {"days": 3, "basis_deviation": "0.05%", "funding_deviation": "0.05%", "volatility": 3}
    plan = plan_of(generated([{"value": 60_000, "width": "10%"}, {"value": 40_000, "full": True}], model))
    whole = replay(plan, skip=skip)
    assert len(whole.orders) > 50
    assert everything(in_pieces(plan, tmp_path, skip=skip)) == everything(whole)


@needs_data
def test_recorded_minutes_in_pieces_give_the_same_bytes(tmp_path: Path) -> None:
    plan = plan_2022(FULL)
    assert everything(in_pieces(plan, tmp_path, skip=True)) == everything(replay(plan))


@needs_data
def test_one_recorded_minute_more_is_another_replay() -> None:
    one, other = plan_2022(TEN), plan_2022(TEN)
    assert fingerprint(one, skip=True) == fingerprint(other, skip=True)
    (source,) = other.market.sources
    list(source.days())[-1].in0[-1] += 1
    assert fingerprint(one, skip=True) != fingerprint(other, skip=True)


def test_what_is_of_another_replay_is_refused_by_name(tmp_path: Path) -> None:
    plan, other = plan_of(generated(model={"days": 2})), plan_of(generated(model={"days": 2}), hedge__ratio="0.9")
    file = tmp_path / FILE
    lay_aside(Replay(plan, skip=True), fingerprint(plan, skip=True), file)
    for mark in (fingerprint(other, skip=True), fingerprint(plan, skip=False)):
        with pytest.raises(ConfigError, match="of a replay with other settings"):
            take_up(Replay(plan, skip=True), mark, file)
    file.write_text(json.dumps({**json.loads(file.read_text(encoding="utf-8")), "state": None}), encoding="utf-8")
    with pytest.raises(ConfigError, match="no checkpoint that can be read"):
        take_up(Replay(plan, skip=True), fingerprint(plan, skip=True), file)


def test_it_is_laid_aside_every_few_seconds_of_work(tmp_path: Path) -> None:
    plan, clock, seen = plan_of(generated(model={"days": 4})), ManualClock(NOW), list[bool]()
    keeper = Keeper(plan, tmp_path, clock, skip=True)

    def work(at: Replay) -> None:
        clock.advance(SPACING / 2)
        keeper.watch(at)
        seen.append(keeper.path.exists())

    assert not keeper.take_up(Replay(plan, skip=True))
    Replay(plan, skip=True).run(work)
    assert seen == [False, True, True, True]
    late = Replay(plan, skip=True)
    assert Keeper(plan, tmp_path, clock, skip=True).take_up(late)
    assert late.days == 4
