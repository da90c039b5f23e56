"""The drawn market: the same for a seed, on its course for every seed, with the volatility it claims."""

import math
import random
import statistics
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from pathlib import Path

import pytest

from bot.core.errors import ConfigError
from bot.demo.path import CORRELATION, SWINGS, TREND, MarketPoint, market_path, write_marks
from bot.demo.scenario import RESTS, SCRIPT, Action, SceneSettings, actions_by_block

START = datetime(2026, 1, 5, 1, tzinfo=UTC)
STEP = timedelta(minutes=10)
RANGE = 0.16
"""The scene's V3 range: log of the price over the price at its opening."""


def points(seed: int, blocks: int, count: int) -> list[MarketPoint]:
    return list(islice(market_path(TREND, random.Random(seed), blocks, START, STEP), count))


def test_a_seed_gives_one_path_and_another_seed_another() -> None:
    assert points(1, 50, 60) == points(1, 50, 60)
    assert points(1, 50, 60) != points(2, 50, 60)


def test_a_longer_path_begins_like_a_shorter_one() -> None:
    settings = SceneSettings(seed=3, blocks=40)
    assert settings.points(200)[:41] == settings.points(40)


def test_times_are_block_times() -> None:
    assert [point.time for point in points(1, 50, 3)] == [START, START + STEP, START + 2 * STEP]


@pytest.mark.parametrize("seed", range(20))
def test_eth_leaves_the_range_for_long_and_comes_back(seed: int) -> None:
    path = SceneSettings(seed=seed).points(288)
    opened = path[round(0.045 * 288)].eth
    outside = [abs(math.log(point.eth / opened)) > RANGE for point in path]
    assert not any(outside[: round(0.25 * 288)])
    assert all(outside[round(0.40 * 288) : round(0.58 * 288)])
    assert not any(outside[round(0.68 * 288) :])


@pytest.mark.parametrize("seed", range(20))
def test_eth_rallies_out_of_the_range_crashes_through_it_and_comes_back(seed: int) -> None:
    path = SceneSettings(seed=seed, market=SWINGS).points(288)
    opened = path[round(0.045 * 288)].eth
    moves = [math.log(point.eth / opened) for point in path]
    top, bottom = moves.index(max(moves)), moves.index(min(moves))
    assert top < bottom
    assert moves[top] > RANGE
    assert moves[bottom] < -RANGE
    assert abs(moves[-1]) < RANGE


def test_prices_rest_while_the_owner_acts_and_move_at_all_other_blocks() -> None:
    path, acting = SceneSettings(market=SWINGS).points(2 * 288), actions_by_block(288)
    still = {index for index, (a, b) in enumerate(pairwise(path), 1) if (a.eth, a.btc) == (b.eth, b.btc)}
    assert still == {scene + block + after for scene in (0, 288) for block in acting for after in range(RESTS)}
    assert [point.time for point in path[:3]] == [path[0].time + index * SWINGS.block_time for index in range(3)]


def test_a_short_scene_moves_in_proportion_and_does_not_rest() -> None:
    short = SWINGS.within(50)
    assert not short.rests
    assert [short.eth.level(f) / SWINGS.eth.level(f) for f in (0.2, 0.5, 0.7)] == pytest.approx([0.5] * 3)
    assert SWINGS.within(100) is SWINGS
    assert TREND.within(20) is TREND


def test_a_markets_variance_is_that_of_its_blocks() -> None:
    paths = [list(islice(market_path(SWINGS, random.Random(s), 288, START, SWINGS.block_time), 288)) for s in range(60)]
    ratio = [math.log(b.eth / b.btc / (a.eth / a.btc)) ** 2 for path in paths for a, b in pairwise(path)]
    ether = [math.log(b.eth / a.eth) ** 2 for path in paths for a, b in pairwise(path)]
    of_pair, of_ether = SWINGS.variances(288, SWINGS.block_time)
    assert statistics.fmean(ratio) == pytest.approx(of_pair, rel=0.06)  # the pull to the course adds 2.6%
    assert statistics.fmean(ether) == pytest.approx(of_ether, rel=0.06)


@pytest.mark.parametrize("seed", range(20))
def test_there_is_one_jump(seed: int) -> None:
    path = SceneSettings(seed=seed).points(288)
    moves = sorted(abs(math.log(b.eth / a.eth)) for a, b in pairwise(path))
    assert 0.035 < moves[-1] < 0.06
    assert moves[-2] < 0.02


def test_the_noise_has_its_volatility_and_correlation() -> None:
    blocks = 20_000
    path = points(5, blocks, blocks)
    eth = [math.log(point.eth / 3000) - TREND.eth.level(i / blocks) for i, point in enumerate(path)]
    btc = [math.log(point.btc / 60000) - TREND.btc.level(i / blocks) for i, point in enumerate(path)]
    d_eth, d_btc = ([b - a for a, b in pairwise(log)] for log in (eth, btc))
    yearly = math.sqrt(timedelta(days=365) / STEP)
    # The pull to the course adds the fraction PULL/2 to the increments' variance.
    assert statistics.pstdev(d_eth) * yearly == pytest.approx(0.7 * math.sqrt(1 / (1 - 0.05 / 2)), rel=0.02)
    assert statistics.pstdev(d_btc) * yearly == pytest.approx(0.55 * math.sqrt(1 / (1 - 0.05 / 2)), rel=0.02)
    assert statistics.correlation(d_eth, d_btc) == pytest.approx(CORRELATION, abs=0.02)
    assert max(map(abs, eth)) < 0.06


def test_the_course_is_straight_between_its_knots_and_jumps_at_a_double_one() -> None:
    assert TREND.eth.level(0.1) == pytest.approx(0.015)
    assert TREND.eth.level(0.2) == pytest.approx(0.075)
    assert TREND.eth.level(0.2 - 1e-9) == pytest.approx(0.03)
    assert TREND.eth.level(1.0) == 0


def test_the_marks_are_a_table_of_times_and_prices(tmp_path: Path) -> None:
    path = points(1, 50, 2)
    write_marks(tmp_path / "marks.csv", path)
    assert (tmp_path / "marks.csv").read_text().splitlines() == [
        "time,underlying,price",
        f"2026-01-05T01:00:00+00:00,ETH,{path[0].eth}",
        f"2026-01-05T01:00:00+00:00,BTC,{path[0].btc}",
        f"2026-01-05T01:10:00+00:00,ETH,{path[1].eth}",
        f"2026-01-05T01:10:00+00:00,BTC,{path[1].btc}",
    ]


@pytest.mark.parametrize("blocks", [20, 21, 50, 288, 1000])
def test_the_script_keeps_its_order_and_leaves_blocks_to_unwind(blocks: int) -> None:
    script = actions_by_block(blocks)
    assert [action for index in sorted(script) for action in script[index]] == [action for _, action in SCRIPT]
    assert max(script) < blocks
    assert script[max(script)][-1] is Action.CLOSE_V2


def test_a_scene_too_short_for_its_script_is_an_error_that_says_so() -> None:
    with pytest.raises(ConfigError, match=r"blocks: 5 blocks .* at least 20"):
        SceneSettings(blocks=5)
