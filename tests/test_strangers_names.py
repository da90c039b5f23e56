"""Names and words that strangers chose, through everything that shows them: they are only ever text."""

from __future__ import annotations

import csv
import io
import json
import logging
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families
from pydantic import TypeAdapter, ValidationError
from rich.console import Console

from bot.app.history import History
from bot.app.logging import configure
from bot.app.positions import Listing, Place, Sight
from bot.app.positions_report import as_data, toml
from bot.chain.config import ChainConfig
from bot.cli.history import write_csv
from bot.cli.tables import show, show_short
from bot.clock import ManualClock
from bot.core.alerts import AlertPolicy
from bot.core.decision import Alarm, Severity
from bot.core.printable import printable
from bot.core.record import CycleRecord, Event
from bot.core.snapshot import LeftOut, VenueUnknown
from bot.core.telemetry_event import CycleRecorded, EventJournaled
from bot.core.types import ChainId, ChainName, Mode, PositionId
from bot.core.view.cycle import view_of
from bot.setting_types.fields import ChainKey, ProtocolName, UnderlyingKey, VenueKey
from bot.telemetry.mqtt.config import Broker, MqttConfig
from bot.telemetry.mqtt.messages import Composer
from bot.telemetry.notifications.alerts import Alerts
from bot.telemetry.notifications.carriers import Text
from bot.telemetry.notifications.config import AlertConfig
from tests.core.scenes import NOW, PAPER
from tests.telemetry.feed import tell
from tests.telemetry.web.scenes import record, site

NAMES: Final = {
    "rich markup": "[bold red]W[/]ETH[/nothing]",
    "terminal": "\x1b[31mETH\x9b2J\x07\x08",
    "right to left": "\u202eHTEW\u2066",
    "hidden": "W\u200bE\ufeffT\u00adH",
    "a line more": "x\n2026-11-29 [info] all is well\r\u2028y",
    "NUL": "x\0y",
    "HTML": "<img src=x onerror=alert(1)>",
    "end of a script": "</script><script>alert(1)</script><!--",
    "entity": "&lt;b&gt;&#0;",
    "topic": "a/b+#$SYS",
    "label": '"} 1\nunfed_metric{a="',
    "backslash": "\\n\\",
    "Markdown": "*b* _i_ `c` [here](http://evil.example) @everyone",
    "TOML": '"""\nmode = "live"\n[bot]\n#',
    "format": "%s{0}{config}$(id)`id`",
    **{f"formula {sign!r}": f"{sign}HYPERLINK(A1)" for sign in ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d")},
    "long": "A" * 5_000,
    "nothing": "",
}


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return NAMES[request.param]


def cycle(name: str) -> CycleRecord:
    """Make a cycle in which a token, a gift, a venue and an alarm speak with a stranger's words."""
    made = record(1, VenueUnknown(PAPER, name, NOW))
    chain = made.snapshot.chains[0]
    position = chain.positions[0]
    named = replace(position, token0=replace(position.token0, symbol=name))
    chain = replace(chain, positions=(named,), left_out=(LeftOut(PositionId("local:v3:7"), f"token {name}", True),))
    alarm = Alarm("left-out:local", Severity.WARNING, f"token {name} is unknown")
    decision = replace(made.decision, alarms=(alarm,))
    return replace(made, snapshot=replace(made.snapshot, chains=(chain,)), decision=decision)


def is_plain(text: str) -> bool:
    """Tell whether nothing in a text steers a terminal or hides, lines' ends aside."""
    return all(char == "\n" or unicodedata.category(char) not in {"Cc", "Cf", "Zl", "Zp"} for char in text)


def test_on_the_terminal(name: str) -> None:
    shown, usual = io.StringIO(), io.StringIO()
    for stream, made in ((shown, cycle(name)), (usual, cycle("WETH"))):
        console = Console(file=stream, force_terminal=False, width=10_000, markup=True)
        show_short(console, view_of(made), Mode.PAPER)
        show(console, view_of(made), Mode.PAPER)
    assert is_plain(shown.getvalue())
    assert shown.getvalue().count("\n") == usual.getvalue().count("\n")


@pytest.fixture
def _quiet() -> Iterator[None]:
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.usefixtures("_quiet")
@pytest.mark.parametrize("format_", ["pretty", "json"])
def test_in_the_log(name: str, format_: str) -> None:
    stream = io.StringIO()
    configure("info", format_, [], stream)
    structlog.get_logger().info("seen", token=name, listed=[name], reason=f"token {name}")
    logging.getLogger("other").warning("a library says %s", name)
    assert is_plain(stream.getvalue())
    assert stream.getvalue().count("\n") == 2
    if format_ == "json":
        assert json.loads(stream.getvalue().splitlines()[0])["token"] == name


async def test_on_the_page_and_in_the_metrics(name: str) -> None:
    async with site() as at:
        tell(at.server, CycleRecorded(cycle("WETH")))
        usual = [family.name for family in text_string_to_metric_families(at.server.metrics.text().decode())]
        tell(at.server, CycleRecorded(cycle(name)))
        tell(at.server, EventJournaled(Event(NOW, "left-out", f"token {name}", {"token": name})))
        families = list(text_string_to_metric_families(at.server.metrics.text().decode()))
        assert {family.name for family in families} == set(usual)
        async with at.client.get("/status") as answer:
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            said = json.dumps(await answer.json())
        assert json.dumps(name)[1:-1] in said


def test_in_a_message(name: str) -> None:
    class People:
        async def say(self, text: Text) -> bool:
            raise NotImplementedError

    policy = AlertPolicy(Severity.WARNING, NOW - NOW, NOW - NOW)
    alerts = Alerts(AlertConfig("dn", policy, silent_after=300, queue=3), People(), ManualClock(NOW))
    tell(alerts, CycleRecorded(cycle(name)))
    (text,) = alerts._texts  # noqa: SLF001 - what waits to be said
    assert is_plain(text.body + text.title)
    assert "\n" not in text.body + text.title


def test_under_the_broker_s_topics(name: str, tmp_path: Path) -> None:
    composer = Composer(MqttConfig(Broker("localhost", 1883), "dnbot", "b", "0.1.0", Mode.PAPER, 1, tmp_path / "c"))
    usual, sent = (list(composer.states(view_of(cycle(words)))) for words in ("WETH", name))
    assert [one.topic for one in sent] == [one.topic for one in usual]
    event = composer.event(Event(NOW, "left-out", f"token {name}", {"token": name}))
    assert event.topic == "dnbot/event"
    assert json.loads(event.payload)["data"] == {"token": name}
    assert f"token {name} is unknown" in [one["message"] for one in json.loads(sent[0].payload)["alarms"]]
    assert all(not set(one.topic) & set("+#\0") for one in (event, *sent))
    assert all(min(one.payload) >= ord(" ") for one in (event, *sent))


def test_no_configured_name_becomes_part_of_a_topic_or_a_label_as_it_likes(name: str) -> None:
    for key in ("underlying", "chain", "venue", "deployment"):
        try:
            found = TypeAdapter(CHECKED[key]).validate_python(name)
        except ValidationError:
            continue
        assert not set(str(found)) & set("/+#\0\"'\\<>[]{}=\r\n\t "), key


def test_in_a_table_for_a_spreadsheet(name: str) -> None:
    out = io.StringIO()
    rows = ((name, Decimal("-1.5")), ("WETH", Decimal(2)))
    write_csv(History(("token", "amount_usd"), rows), out)
    read = list(csv.reader(io.StringIO(out.getvalue(), newline="")))
    assert read[0] == ["token", "amount_usd"]
    assert [row[1] for row in read[1:]] == ["-1.5", "2"]
    assert read[1][0].removeprefix("'") == printable(name)
    assert not read[1][0].startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"))
    assert len(out.getvalue().splitlines()) == 1 + len(rows)


def test_in_what_positions_would_have_one_write(name: str) -> None:
    def listing(words: str) -> Listing:
        view = cycle(words).snapshot.chains[0]
        place = Place("uniswap_v3", {"position_manager": "0x" + "11" * 20}, "")
        return Listing(local(), (Sight(place, view.positions, view.pools, view.left_out, words),), {})

    assert tomllib.loads(toml(listing(name))) == tomllib.loads(toml(listing("WETH")))
    assert json.loads(json.dumps(as_data(listing(name))))["positions"][0]["tokens"][0] == name


CHECKED: Final[dict[str, Any]] = {
    "underlying": UnderlyingKey,
    "chain": ChainKey,
    "venue": VenueKey,
    "deployment": ProtocolName,
}


def local() -> ChainConfig:
    return ChainConfig(ChainName("local"), ChainId(31337), ("http://127.0.0.1:8545",), None, (), ())
