"""``history``: the tables of a month sum up to the attribution, to the cent, in forms that programs read."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from bot.app.history import History, Span, What, history
from bot.cli.history import write_csv
from bot.core.orders import LedgerKind
from bot.core.pnl.attribution import Attribution
from bot.core.pnl.lots import matched
from bot.core.snapshot import ChainView
from bot.core.types import ZERO
from bot.journal.reader import JournalView
from bot.protocols.registry import CURVES
from tests.app.fakes import rig, view
from tests.cli.scenes import dnbot
from tests.core.scenes import ETH, NOW, PAPER, symbol
from tests.journal.test_migrate import execute

CONFIG: Final = Path(__file__).parents[2] / "config" / "paper-mainnet.toml"
CYCLES: Final = 31 * 12
BLOCKS: Final = 600
"""Two hours of blocks of twelve seconds."""
CENT: Final = Decimal("0.005")


def market(cycle: int, price: Decimal) -> ChainView:
    """Show a block: the fake chain's time is its number's."""
    return view(cycle * BLOCKS, price)


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory whose journal holds a month, with a restart in the middle of it."""
    folder = tmp_path_factory.mktemp("month")
    draw, price = random.Random(11), Decimal(2000)

    async def play(cycles: range) -> None:
        nonlocal price
        async with rig(folder, funding_rate=Decimal("0.0002")) as run:
            for cycle in cycles:
                price = round(price * Decimal(1 + draw.gauss(0, 0.013)), 2)
                await run.turn(market(cycle, price))

    asyncio.run(play(range(CYCLES // 2)))
    asyncio.run(play(range(CYCLES // 2, CYCLES)))
    return folder


@pytest.fixture
def books(month: Path) -> Iterator[JournalView]:
    with closing(JournalView.open(month / "journal.sqlite", CURVES)) as opened:
        yield opened


def total(books: JournalView) -> Attribution:
    return books.book().total


def asked(folder: Path, *more: object) -> str:
    told = dnbot("history", "-c", CONFIG, *more, DNBOT_BOT__STATE_DIR=str(folder))
    assert told.code == 0, told.err
    return told.out


def sums(month: Path, what: What) -> dict[str, Decimal]:
    """Add up the amounts of a CSV file, as whoever gets it would."""
    found: dict[str, Decimal] = {}
    for row in csv.DictReader(io.StringIO(asked(month, "--csv", "--what", what))):
        for name, cell in row.items():
            if name.endswith("_usd"):
                found[name] = found.get(name, ZERO) + Decimal(cell or 0)
    return found


def test_days_sum_up_to_the_attribution(month: Path, books: JournalView) -> None:
    found, whole = sums(month, What.DAYS), total(books)
    terms = {
        **{f"lp_{name}_usd": getattr(whole.liquidity, name) for name in ("fees", "hold", "il", "lvr")},
        **{
            f"hedge_{name}_usd": getattr(whole.hedge, name)
            for name in ("price", "funding", "trading_fees", "slippage", "liquidation_fees")
        },
        "unexplained_usd": whole.residual,
        "result_usd": whole.total,
    }
    assert found.keys() == terms.keys()
    assert {name: abs(found[name] - amount) < CENT for name, amount in terms.items()} == dict.fromkeys(terms, True)
    assert len(history(books, What.DAYS, Span()).rows) == 32  # it begins at three in the morning


def test_funding_fees_and_positions_sum_up_to_their_terms(month: Path, books: JournalView) -> None:
    whole = total(books)
    assert abs(whole.hedge.funding) > 1
    assert abs(sums(month, What.FUNDING)["amount_usd"] - whole.hedge.funding) < CENT
    paid = whole.hedge.trading_fees + whole.hedge.liquidation_fees
    assert paid < -1
    assert abs(sums(month, What.FEES)["amount_usd"] - paid) < CENT
    assert abs(sums(month, What.POSITIONS)["result_usd"] - whole.liquidity.total) < CENT


def test_disposals_and_open_lots_sum_up_to_the_hedges_price_and_slippage(month: Path, books: JournalView) -> None:
    whole, found, trades = total(books), sums(month, What.TRADES), history(books, What.TRADES, Span())
    record = books.last_record()
    assert record is not None
    booked = record.snapshot.venue(PAPER)
    assert booked is not None
    mark = booked.quotes[symbol(ETH)].mark.price
    open_gain = sum((lot.gain(mark) for lot in matched(books.trades()).open), ZERO)
    gained = found["gain_usd"] + open_gain
    assert abs(gained - whole.hedge.price - whole.hedge.slippage) < CENT
    assert abs(found["fee_usd"] - whole.hedge.trading_fees) < CENT
    assert {"open", "close"} == {row[trades.names.index("action")] for row in trades.rows}


def test_every_funding_payment_is_there_by_itself(books: JournalView) -> None:
    movements = [item for item in books.cash() if item.kind is LedgerKind.FUNDING]
    assert len(movements) > 80  # three a day
    assert {item.underlying for item in movements} == {ETH}


def test_a_span_of_days_is_cut_out_with_both_ends(books: JournalView) -> None:
    first, last = NOW.date() + timedelta(3), NOW.date() + timedelta(5)
    found = history(books, What.DAYS, Span(first, last))
    assert [row[0] for row in found.rows] == [first, first + timedelta(1), last]
    for what in (What.TRADES, What.FUNDING, What.FEES, What.POSITIONS):
        inside = sum(
            len(history(books, what, Span(*days)).rows) for days in ((None, first), (first + timedelta(1), None))
        )
        assert inside == len(history(books, what, Span()).rows)


def test_what_an_older_journal_has_in_its_sums_alone_is_a_row_without_a_venue(month: Path, tmp_path: Path) -> None:
    copy = tmp_path / "journal.sqlite"
    shutil.copy(month / "journal.sqlite", copy)
    execute(copy, "DELETE FROM cash")
    with closing(JournalView.open(copy, CURVES)) as opened:
        found = history(opened, What.FUNDING, Span())
        assert abs(found.sums["amount_usd"] - opened.book().total.hedge.funding) < CENT
    assert {row[2] for row in found.rows} == {None}


def test_csv_json_and_parquet_say_the_same(month: Path, tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(asked(month, "--csv", "--what", "trades"))))
    told: list[dict[str, Any]] = json.loads(asked(month, "--json", "--what", "trades"))
    assert [row["gain_usd"] for row in rows] == [item["gain_usd"] or "" for item in told]
    file = tmp_path / "trades.parquet"
    asked(month, "--parquet", "--what", "trades", "-o", file)
    parquet = pytest.importorskip("pyarrow.parquet")
    kept = parquet.read_table(file).to_pylist()
    assert [Decimal(row["price_usd"]) for row in rows] == [item["price_usd"] for item in kept]
    assert str(kept[0]["at"].isoformat()) == told[0]["at"]


def test_the_terminal_shows_the_sums(month: Path) -> None:
    out = asked(month, "--from", "2026-01-03", "--to", "2026-01-04")
    assert "2026-01-03" in out
    assert "2026-01-05" not in out
    assert "sums, USD" in out


def test_text_that_a_spreadsheet_would_take_for_a_formula_is_none() -> None:
    found = History(("a", "b"), (("=cmd|' /C calc'!A0", Decimal("-1.50")), ("@x", None)))
    file = io.StringIO()
    write_csv(found, file)
    assert file.getvalue().splitlines() == ["a,b", "'=cmd|' /C calc'!A0,-1.5", "'@x,"]


def test_a_spreadsheet_program_reads_every_cell_of_every_table(month: Path, tmp_path: Path) -> None:
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is missing")
    files = [tmp_path / f"{what}.csv" for what in What]
    for file in files:
        asked(month, "--csv", "--what", file.stem, "-o", file)
    command = [office, "--headless", f"-env:UserInstallation=file://{tmp_path}/profile", "--convert-to", "csv"]
    subprocess.run([*command, "--outdir", str(tmp_path / "read"), *map(str, files)], check=True, capture_output=True)  # noqa: S603 - our own words
    for file in files:
        ours, theirs = (list(csv.reader(io.StringIO(at.read_text()))) for at in (file, tmp_path / "read" / file.name))
        assert [list(map(cell, row)) for row in theirs] == [list(map(cell, row)) for row in ours]


def cell(text: str) -> str:
    """Return what a cell means, to the digits that a spreadsheet keeps."""
    try:
        return f"{float(text):.9g}"
    except ValueError:
        return text


def test_a_reader_that_has_enough_hears_no_complaint(month: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "bot", "history", "-c", str(CONFIG), "--csv", "--what", "funding"]
    environ = {**os.environ, "DNBOT_BOT__STATE_DIR": str(month)}
    ran = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, env=environ, check=False, timeout=60)  # noqa: S603 - our own words
    os.close(writer)
    assert (ran.returncode, ran.stderr) == (1, b"")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--csv", "--json"], "give one of --csv, --parquet and --json"),
        (["--parquet"], "--parquet needs --out"),
        (["--from", "yesterday"], "--from"),
        (["--what", "nothing"], "--what"),
    ],
)
def test_what_can_not_be_is_refused(month: Path, options: list[str], says: str) -> None:
    told = dnbot("history", "-c", CONFIG, *options, DNBOT_BOT__STATE_DIR=str(month))
    assert told.code == 2
    assert says in told.err
