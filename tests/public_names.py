"""The names that users' files, scripts, dashboards and subscribers rest on, gathered from what the code says now.

Where the keys of a JSON object are data (a symbol, a day), they stand as ``*``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from bot.app.advice import advice_data
from bot.app.doctor_findings import Finding, Level
from bot.app.report import as_data, what_if_data
from bot.app.settings import load
from bot.app.settings.old_keys import OLD_KEYS
from bot.app.settings.problems import dotted
from bot.app.settings.show import as_data as config_data
from bot.app.settings.sources import PREFIX, SECRETS_DIR
from bot.backtest.engine import replay
from bot.backtest.result import order_data
from bot.cli import control, verify
from bot.cli.main import COMMANDS
from bot.cli.status_data import Status, status_data
from bot.clock import ManualClock
from bot.core.analysis.advice import advise
from bot.core.analysis.shock import Planned, WhatIf, fates, settled, shocked
from bot.core.command import CommandResult
from bot.core.decide import decide
from bot.core.orders import Accepted, OrderReport, OrderStatus
from bot.core.pnl.ledger import Book
from bot.core.record import CycleRecord, Event
from bot.core.snapshot import Entry, EntrySource
from bot.core.telemetry_event import CycleRecorded, EventJournaled, OrderReported
from bot.core.types import Mode, VenueId
from bot.core.view.cycle import view_of
from bot.journal import tables
from bot.journal.order_lifecycle import IntentStatus
from bot.journal.reader import JournalMeta
from bot.journal.rows import IntentRecord
from bot.telemetry.web.config import HttpConfig
from bot.telemetry.web.server import HttpServer
from tests.app.fakes import view
from tests.backtest.scenes import generated, plan_of
from tests.core import scenes
from tests.core.scenes import ETH, NO_INPUTS, NOW, pending
from tests.telemetry.feed import tell
from tests.telemetry.web.scenes import ABOUT, UNKNOWN, account, record

DOCS: Final = Path(__file__).resolve().parents[1] / "docs"
CONFIG: Final = DOCS.parent / "config" / "paper-mainnet.toml"
_DATA: Final = frozenset(
    {"prices_usd", "prices", "by_day", "shocks", "refused", "h", "positions", "hedges", "settings", "sources"}
)
"""Objects whose keys are data."""


def names() -> dict[str, list[str]]:
    """Return every public name, by kind."""
    found: dict[str, Iterable[str]] = {
        "configuration keys": _configuration(),
        "metrics": _metrics(),
        "mqtt": _mqtt(),
        "commands": _commands(),
        "environment": (f"{PREFIX}KEY", f"{PREFIX}KEY_FILE", SECRETS_DIR),
        "journal": (f"{table.name}.{column.name}" for table in tables.metadata.sorted_tables for column in table.c),
        **{f"{name} --json": sorted(set(fields(data))) for name, data in _printed().items()},
        "page": sorted(set(fields(_page()))),
    }
    return {kind: sorted(items) for kind, items in found.items()}


def fields(value: object, path: str = "") -> Iterator[str]:
    """Return the paths of all fields of a JSON value."""
    if isinstance(value, Mapping):
        is_data = path.rpartition(".")[2] in _DATA
        for key, item in value.items():
            below = "*" if is_data else str(key)
            yield f"{path}.{below}".lstrip(".")
            if path not in {"settings", "sources"}:
                yield from fields(item, f"{path}.{below}".lstrip("."))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from fields(item, f"{path}[]")


def _sections(page: str) -> Iterator[tuple[str, str]]:
    for part in re.split(r"^## ", (DOCS / page).read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        name, _, text = part.partition("\n")
        yield name.strip(), text


def _configuration() -> Iterator[str]:
    for section, text in _sections("configuration.md"):
        for key in re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE):
            yield f"{section}.{key}"
    yield from (dotted(path) for path in OLD_KEYS)


def _metrics() -> Iterator[str]:
    text = (DOCS / "metrics.md").read_text(encoding="utf-8")
    for name, kind, labels in re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*) \|", text, re.MULTILINE):
        yield f"{name} {kind} ({labels.strip()})"


def _mqtt() -> Iterator[str]:
    text = (DOCS / "mqtt.md").read_text(encoding="utf-8")
    yield from re.findall(r"^\| `([\w/]+)` \| (?:yes|no) \|", text, re.MULTILINE)
    for topic, schema in re.findall(r"^### (\S+)\n\n```json\n(.*?)\n```", text, re.MULTILINE | re.DOTALL):
        parsed = json.loads(schema)
        yield from (f"{topic}: {key}" for key in parsed["properties"])
        for model in parsed.get("$defs", {}).values():
            yield from (f"{topic}: {model['title']}.{key}" for key in model.get("properties", {}))


def _commands() -> Iterator[str]:
    for name, entry in COMMANDS.items():
        yield name
        yield from _options(name, entry.load())


def _options(name: str, command: Any) -> Iterator[str]:  # noqa: ANN401 - typer's own types have no public name
    for parameter in command.params:
        yield from (f"{name} {option}" for option in parameter.opts if option.startswith("-"))
    for below in getattr(command, "commands", {}).values():
        yield f"{name} {below.name}"
        yield from _options(f"{name} {below.name}", below)


def _cycle() -> CycleRecord:
    """Return a cycle that has something of everything: an entry, an order, a refusal, an alarm, an unknown venue."""
    held = view(0)
    position = held.positions[0]
    entry = Entry.single(10**18, 2000 * 10**6, position.curve.liquidity, EntrySource.FIRST_SIGHT, 1)
    held = replace(held, positions=(replace(position, entry=entry),))
    seen = scenes.snapshot(held, [account("-1"), replace(UNKNOWN, venue=VenueId("dark"))])
    return CycleRecord(
        1, NOW + timedelta(seconds=12), seen, decide(seen, NO_INPUTS, scenes.state(), scenes.policy()), 0.02
    )


def _printed() -> dict[str, object]:
    """Return what each command prints with ``--json``."""
    cycle, shocks = _cycle(), {ETH: Decimal("0.3")}
    moved = shocked(cycle.snapshot, shocks)
    then = decide(moved, NO_INPUTS, settled(scenes.state(), shocks), scenes.policy())
    now = Planned(cycle.snapshot, cycle.decision)
    what_if = WhatIf(now, Planned(moved, then), shocks, fates(cycle.decision, then))
    order = IntentRecord(pending(ETH, "-0.5").intent, IntentStatus.SENT, Decimal(0), None, None)
    meta, event = JournalMeta("dnbot", 1, NOW, None), Event(NOW, "started", "", {})
    answer = CommandResult(True, cycle.decision.state.bot, "")
    replayed = replay(plan_of(generated()))
    return {
        "plan": as_data(view_of(cycle)),
        "plan --shock": what_if_data(what_if),
        "status": status_data(Status(meta, cycle, (order,), (event,), Book(), None, Mode.PAPER, answer)),
        "pause": control.result_data(answer),
        "doctor": [asdict(Finding("disk", Level.OK, "", ""))],
        "config show": config_data(load([CONFIG], {})),
        "advise": advice_data(advise(cycle.snapshot, cycle.decision, scenes.policy())),
        "backtest": replayed.as_data(),
        "backtest orders.jsonl": order_data(replayed.orders[0]),
        "verify": verify._data([], []),  # noqa: SLF001 - what it prints
    }


def _page() -> object:
    """Return what ``/status`` answers."""
    server = HttpServer(HttpConfig(), ManualClock(NOW), ABOUT)
    intent = pending(ETH, "-0.5").intent
    report = OrderReport(
        intent.client_id, "1", intent.request.symbol, OrderStatus.FILLED, Decimal(1), Decimal(1), None, None, NOW
    )
    for event in (
        CycleRecorded(record()),
        CycleRecorded(_cycle()),
        OrderReported(intent, Accepted(report)),
        EventJournaled(Event(NOW, "started", "", {})),
    ):
        tell(server, event)
    return json.loads(server._board.status())  # noqa: SLF001 - what it answers, without a port
