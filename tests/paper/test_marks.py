"""Where paper prices come from, and what happens where they don't."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.core.errors import ConfigError, Retryable
from bot.core.snapshot import BlockStamp, ChainView, PoolPrice
from bot.core.types import USD, BlockHash, ChainId, ChainName, PoolId, Underlying
from bot.paper.engine.rules import MarkUpdate
from bot.paper.marks import MarkPoint, PoolMarks, ScriptMarks
from tests.paper.exchange_scene import SCRIPT, START, D, script

ETH, BTC, SOL = Underlying("ETH"), Underlying("BTC"), Underlying("SOL")


def view(at: datetime, *pools: PoolPrice) -> ChainView:
    block = BlockStamp(1, BlockHash("0x1"), BlockHash("0x0"), at)
    return ChainView(ChainName("local"), ChainId(1), block, (), pools)


def seen(price: int, at: datetime) -> MarkUpdate:
    return MarkUpdate(D(price), D(price), as_of=at)


def pools() -> tuple[PoolPrice, PoolPrice]:
    return (
        PoolPrice(PoolId("a"), BTC, ETH, D(20), D(50)),
        PoolPrice(PoolId("b"), ETH, USD, D(2000), D(100_000)),
    )


def test_pool_marks_price_over_the_pools_and_say_how_old_they_are() -> None:
    marks = PoolMarks()
    marks.chain_seen([view(START, *pools())])
    (point,) = marks.path(None, START + timedelta(seconds=7), [BTC, ETH])
    assert point == MarkPoint(START + timedelta(seconds=7), {BTC: seen(40_000, START), ETH: seen(2000, START)})


def test_pools_of_several_chains_price_together_and_the_oldest_block_dates_them() -> None:
    marks = PoolMarks()
    first, second = pools()
    marks.chain_seen([view(START, first), view(START - timedelta(seconds=5), second)])
    (point,) = marks.path(None, START, [BTC])
    assert point.marks == {BTC: seen(40_000, START - timedelta(seconds=5))}


def test_a_missing_or_old_pool_price_is_no_price() -> None:
    marks = PoolMarks(max_age=timedelta(minutes=1))
    with pytest.raises(Retryable, match="no pool has been read"):
        marks.path(None, START, [ETH])
    marks.chain_seen([view(START, *pools())])
    with pytest.raises(Retryable, match="no price of SOL"):
        marks.path(None, START, [ETH, SOL])
    with pytest.raises(Retryable, match="old"):
        marks.path(None, START + timedelta(seconds=61), [ETH])


def test_scripted_marks_give_every_price_on_the_way(tmp_path: Path) -> None:
    marks = script(tmp_path)
    (point,) = marks.path(None, START, [ETH, BTC])
    assert point.marks == {ETH: seen(2000, START - timedelta(minutes=1)), BTC: seen(40_000, START)}
    points = marks.path(START, START + timedelta(minutes=5), [ETH, BTC])
    assert [(one.at.minute, one.marks[ETH].mark, one.marks[BTC].mark) for one in points] == [
        (1, D(2100), D(40_000)),
        (2, D(1900), D(40_000)),
        (5, D(1900), D(40_000)),
    ]
    points = marks.path(START + timedelta(minutes=5), START + timedelta(minutes=11), [ETH, BTC])
    assert [(one.at.minute, one.marks[ETH].mark, one.marks[BTC].mark) for one in points] == [
        (10, D(1950), D(41_000)),
        (11, D(1950), D(41_000)),
    ]


def test_scripted_marks_that_are_missing_or_old_are_no_price(tmp_path: Path) -> None:
    marks = script(tmp_path)
    with pytest.raises(Retryable, match="no price of BTC"):
        marks.path(None, START - timedelta(seconds=1), [ETH, BTC])
    with pytest.raises(Retryable, match="no price of SOL"):
        marks.path(None, START, [SOL])
    with pytest.raises(Retryable, match="old"):
        marks.path(None, START + timedelta(minutes=26), [ETH, BTC])


def test_a_script_may_tell_index_last_and_funding_apart(tmp_path: Path) -> None:
    header = "time,underlying,price,last,funding_rate,index"
    marks = script(
        tmp_path, f"{header}\n2026-01-01T01:00:00Z,ETH,2000,2001.5,-0.0075,1999\n2026-01-01T01:00:00Z,BTC,4,,,\n"
    )
    (point,) = marks.path(None, START, [ETH, BTC])
    assert point.marks[ETH] == MarkUpdate(D(2000), D(1999), D("2001.5"), D("-0.0075"), START)
    assert point.marks[BTC] == MarkUpdate(D(4), D(4), None, None, START)


def test_a_script_that_grows_is_read_again_when_now_is_past_its_end(tmp_path: Path) -> None:
    marks = script(tmp_path)
    later = START + timedelta(minutes=26)
    (tmp_path / "prices.csv").write_text(SCRIPT + "2026-01-01T01:26:00Z,ETH,2222\n2026-01-01T01:26:00Z,BTC,42000\n")
    (point,) = marks.path(None, later, [ETH, BTC])
    assert point.marks == {ETH: seen(2222, later), BTC: seen(42_000, later)}
    (tmp_path / "prices.csv").write_text(SCRIPT + "2026-01-01T01:2")
    with pytest.raises(Retryable, match="row 8"):
        marks.path(None, later + timedelta(minutes=1), [ETH, BTC])


def test_a_script_that_is_walked_through_forgets_what_is_past_and_tells_the_same(tmp_path: Path) -> None:
    minutes = [START + timedelta(minutes=number) for number in range(60)]
    lines = [f"{at.isoformat()},{name},{2000 + number}" for number, at in enumerate(minutes) for name in ("ETH", "BTC")]
    (tmp_path / "long.csv").write_text("\n".join(["time,underlying,price", *lines[:60]]))
    walked = ScriptMarks(tmp_path / "long.csv")
    since: datetime | None = None
    for now in minutes[::3]:
        if now == minutes[30]:
            (tmp_path / "long.csv").write_text("\n".join(["time,underlying,price", *lines]))
        fresh = ScriptMarks(tmp_path / "long.csv")
        assert walked.path(since, now, [ETH, BTC]) == fresh.path(since, now, [ETH, BTC])
        since = now
    walked.path(minutes[-1], minutes[-1], [ETH, BTC])
    assert walked.waiting == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "first line"),
        ("a,b,c\n", "first line"),
        ("time,underlying,price,mood\n", "first line"),
        ("time,underlying,price,index\n2026-01-01T00:00:00Z,ETH,1,-1\n", "above 0"),
        ("time,underlying,price\nyesterday,ETH,1\n", "row 2: must be time,underlying,price"),
        ("time,underlying,price\n2026-01-01T00:00:00Z,ETH\n", "row 2"),
        ("time,underlying,price\n2026-01-01T00:00:00,ETH,1\n", "needs an offset"),
        ("time,underlying,price\n2026-01-01T00:00:00Z,ETH,0\n", "above 0"),
        ("time,underlying,price\n2026-01-01T00:00:00Z,ETH,nan\n", "above 0"),
        (
            "time,underlying,price\n2026-01-01T00:00:01Z,ETH,1\n2026-01-01T00:00:00Z,ETH,1\n",
            "row 3: times must not go backwards",
        ),
    ],
)
def test_a_wrong_script_is_told_with_file_and_row(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        script(tmp_path, text)
    assert "prices.csv" in str(caught.value)


def test_a_missing_script_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        ScriptMarks(tmp_path / "none.csv")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    script = tmp_path / "marks.csv"
    script.write_bytes(b"time,underlying,price\n\xff\xfe\x00")
    with pytest.raises(ConfigError, match="UTF-8"):
        ScriptMarks(script)
