"""Bad data: each fault is found and named, none is used."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from bot.backtest.columns import Tape, part
from bot.backtest.findings import DataError, Kind
from bot.backtest.market import open_market
from bot.backtest.pool_data import COLUMNS
from bot.backtest.scenario import Scenario, load_scenario
from bot.backtest.store import read_tape, write_tape
from bot.core.errors import ConfigError
from tests.backtest.scenes import generated, pool

Rows = list[list[str]]
START = datetime(2026, 1, 1, tzinfo=UTC)


def _pool_rows(minutes: int = 1440) -> Rows:
    """Return minutes of a pool from a generated market, in the recorded format."""
    (tape,) = list(open_market(generated(model={"days": 1})).sources[0].days())
    rows = []
    for row in range(minutes):
        ratio = 1.0001 ** int(tape.close[row])
        net0 = 1_000_000
        cells = [START + timedelta(minutes=row), net0, -int(net0 * ratio), tape.close[row], tape.close[row]]
        rows.append([str(cell) for cell in (*cells, tape.low[row], tape.high[row])])
        rows[-1] += [str(tape.in0[row]), str(tape.in1[row]), str(tape.liquidity[row])]
        rows[-1][0] = rows[-1][0].removesuffix("+00:00")
    return rows


def _perp_rows(pool_rows: Rows) -> Rows:
    rows = []
    for number in range(4, len(pool_rows), 5):
        price = 10**12 / 1.0001 ** int(pool_rows[number][3])
        at = START + timedelta(minutes=number - 4)
        rows.append([str(at), *(f"{price:.2f}" for _ in range(4)), "1"])
    return rows


def _write(path: Path, header: tuple[str, ...], rows: Rows) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def _scenario(folder: Path, rows: Rows, perp: Rows | None = None, **more: object) -> Scenario:
    file = _write(folder / "pool.csv", COLUMNS, rows)
    perps = {}
    if perp is not None:
        candles = _write(folder / "perp.csv", ("timestamp", "open", "high", "low", "close", "volume"), perp)
        perps = {"ETH": {"path": candles}}
    held = pool([{"value": 1000, "width": "10%"}], path=file, **more)
    return Scenario.model_validate({"pools": [held], "perps": perps})


def _kinds(scenario: Scenario) -> set[Kind]:
    with pytest.raises(DataError) as caught:
        open_market(scenario)
    return {finding.kind for finding in caught.value.findings}


def test_good_data_passes(tmp_path: Path) -> None:
    rows = _pool_rows()
    market = open_market(_scenario(tmp_path, rows, _perp_rows(rows)))
    assert not [finding for finding in market.findings if finding.fatal]
    assert market.rows == 1440


def _hole(rows: Rows) -> None:
    del rows[300:480]


def _swap_two(rows: Rows) -> None:
    rows[10], rows[11] = rows[11], rows[10]


def _double(rows: Rows) -> None:
    rows.insert(20, rows[20])


def _no_number(rows: Rows) -> None:
    rows[5][8] = "many"


def _negative(rows: Rows) -> None:
    rows[5][7] = "-1"


def _impossible_tick(rows: Rows) -> None:
    rows[5][3] = rows[5][6] = "900000"


def _zero_tick(rows: Rows) -> None:
    rows[7][3:7] = ["0"] * 4


def _zero_low(rows: Rows) -> None:
    rows[7][5] = "0"


def _zero_in_the_first_row(rows: Rows) -> None:
    rows[0][3:7] = ["0"] * 4


def _swapped_tokens(rows: Rows) -> None:
    for row in rows:
        row[1], row[2] = row[2], row[1]


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (_hole, Kind.GAP),
        (_swap_two, Kind.UNSORTED),
        (_double, Kind.DUPLICATE),
        (_no_number, Kind.BAD_VALUE),
        (_negative, Kind.BAD_VALUE),
        (_impossible_tick, Kind.BAD_PRICE),
        (_zero_tick, Kind.BAD_PRICE),
        (_zero_low, Kind.BAD_PRICE),
        (_zero_in_the_first_row, Kind.BAD_PRICE),
        (_swapped_tokens, Kind.TOKEN_ORDER),
    ],
)
def test_a_fault_in_a_pools_minutes_is_found_and_named(
    tmp_path: Path, spoil: Callable[[Rows], None], kind: Kind
) -> None:
    rows = _pool_rows()
    spoil(rows)
    assert kind in _kinds(_scenario(tmp_path, rows))


def test_a_hole_of_three_hours_is_jumped_over_only_where_that_is_allowed(tmp_path: Path) -> None:
    rows = _pool_rows()
    _hole(rows)
    market = open_market(_scenario(tmp_path, rows, max_gap="3h"))
    assert [finding.kind for finding in market.findings] == [Kind.GAP]
    assert "2026-01-01 05:00" in market.findings[0].message
    assert _kinds(_scenario(tmp_path, rows, max_gap="2h59m")) == {Kind.GAP}


def test_a_pool_told_with_its_tokens_swapped_is_found_by_the_perpetual(tmp_path: Path) -> None:
    rows = _pool_rows()
    right = _scenario(tmp_path, rows, _perp_rows(rows))
    spec = right.pools[0].model_copy(update={"token0": right.pools[0].token1, "token1": right.pools[0].token0})
    assert _kinds(right.model_copy(update={"pools": (spec,)})) == {Kind.TOKEN_ORDER}


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (timedelta(hours=8), "-8:00 h"),
        (timedelta(hours=-3, minutes=-30), "+3:30 h"),
        (timedelta(minutes=345), "-5:45 h"),
    ],
    ids=["Singapore", "Newfoundland", "Nepal"],
)
def test_candles_of_another_zone_are_found_by_their_moves(tmp_path: Path, ahead: timedelta, words: str) -> None:
    rows = _pool_rows()
    shifted = [[str(datetime.fromisoformat(row[0]) + ahead), *row[1:]] for row in _perp_rows(rows)]
    with pytest.raises(DataError) as caught:
        open_market(_scenario(tmp_path, rows, shifted))
    (finding,) = (finding for finding in caught.value.findings if finding.fatal)
    assert finding.kind is Kind.TIME_ZONE
    assert words in finding.message


def test_candles_without_a_zone_are_not_guessed_at(tmp_path: Path) -> None:
    rows = _pool_rows()
    naive = [[row[0].removesuffix("+00:00"), *row[1:]] for row in _perp_rows(rows)]
    assert _kinds(_scenario(tmp_path, rows, naive)) == {Kind.TIME_ZONE}


def test_an_offset_in_the_file_is_honoured(tmp_path: Path) -> None:
    rows = _pool_rows()
    moved = [[row[0].replace("+00:00", "+08:00"), *row[1:]] for row in _perp_rows(rows)]
    east = [[str(datetime.fromisoformat(row[0]) + timedelta(hours=8)), *row[1:]] for row in moved]
    assert open_market(_scenario(tmp_path, rows, east)).rows == 1440


@pytest.mark.parametrize("price", ["0", "-5", "nan"])
def test_a_price_that_is_none_is_found(tmp_path: Path, price: str) -> None:
    rows = _pool_rows()
    perp = _perp_rows(rows)
    perp[7][3] = perp[7][4] = price
    assert Kind.BAD_PRICE in _kinds(_scenario(tmp_path, rows, perp))


def test_candles_out_of_order_and_holes_between_them_are_found(tmp_path: Path) -> None:
    rows = _pool_rows()
    perp = _perp_rows(rows)
    perp[7], perp[8] = perp[8], perp[7]
    del perp[100:150]
    assert _kinds(_scenario(tmp_path, rows, perp)) == {Kind.UNSORTED, Kind.GAP}


def test_rows_before_the_first_swap_are_left_out_and_later_ones_carry_the_close(tmp_path: Path) -> None:
    rows = _pool_rows()
    for number in (0, 1, 700):
        rows[number][3:7] = [""] * 4
    market = open_market(_scenario(tmp_path, rows))
    assert {finding.kind for finding in market.findings} == {Kind.NO_PRICE_YET, Kind.CARRIED}
    assert market.rows == 1438


def test_a_missing_file_and_a_file_of_something_else(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no CSV file"):
        open_market(Scenario.model_validate({"pools": [pool([{"value": 1, "full": True}], path=tmp_path / "no.csv")]}))
    _write(tmp_path / "pool.csv", ("a", "b"), [["1", "2"]])
    with pytest.raises(DataError, match="no column timestamp"):
        open_market(
            Scenario.model_validate({"pools": [pool([{"value": 1, "full": True}], path=tmp_path / "pool.csv")]})
        )


def test_parquet_gives_back_what_it_was_given(tmp_path: Path) -> None:
    (tape,) = list(open_market(generated(model={"days": 1})).sources[0].days())
    write_tape(tmp_path / "pool.parquet", tape)
    back = read_tape(tmp_path / "pool.parquet")
    assert np.array_equal(back.times, tape.times)
    assert (back.in0, back.in1, back.liquidity) == (tape.in0, tape.in1, tape.liquidity)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pools = 3", "pools"),
        ("[[pools]]\nname='a'\n", "fee"),
        ("x = [", "TOML"),
    ],
)
def test_a_scenario_that_makes_no_sense_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "scenario.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        load_scenario(tmp_path)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda tape: joined(part(tape, 0, 600), part(tape, 780, len(tape))), "gap: "),
        (lambda tape: replace(tape, low=tape.low + 500), "bad value: "),
        (lambda tape: replace(tape, in0=[-1, *tape.in0[1:]]), "bad value: "),
        (lambda tape: joined(part(tape, 700, 900), part(tape, 0, 700)), "unsorted: "),
    ],
)
def test_parquet_that_is_damaged_is_named(tmp_path: Path, spoil: Callable[[Tape], Tape], words: str) -> None:
    (tape,) = list(open_market(generated(model={"days": 1})).sources[0].days())
    write_tape(tmp_path / "pool.parquet", spoil(tape))
    with pytest.raises(DataError, match=words):
        open_market(
            Scenario.model_validate({"pools": [pool([{"value": 1000, "full": True}], path=tmp_path / "pool.parquet")]})
        )


def joined(one: Tape, other: Tape) -> Tape:
    names = ("times", "close", "low", "high")
    times, close, low, high = (np.concatenate([getattr(one, name), getattr(other, name)]) for name in names)
    return Tape(times, close, low, high, one.in0 + other.in0, one.in1 + other.in1, one.liquidity + other.liquidity)
