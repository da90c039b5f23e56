"""Accounts that can't be traded: one clear line that says why and what to change, exit code 2, and nothing sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest

from bot.paper.servers.desk import Desk, Permissions
from tests.e2e.accounts import Account, account, dnbot, without_venues
from tests.e2e.harness import World, world
from tests.paper.servers.flavours import TWINS, campaign_but

pytestmark = pytest.mark.chain


def _withdraws(desk: Desk) -> None:
    desk.permissions = Permissions(withdraw=True)


def _only_reads(desk: Desk) -> None:
    desk.permissions = Permissions(trade=False)


def _hedges(desk: Desk) -> None:
    desk.hedge_mode = True


def _holds_btc(desk: Desk) -> None:
    desk.engine.account.wallet = Decimal(0)
    desk.assets.held = {"BTC": Decimal(1)}


@dataclass(frozen=True, slots=True)
class Case:
    """What is wrong: of the account, of the configuration, or of the environment; and what must be said."""

    says: str
    account: Callable[[Desk], None] | None = None
    settings: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    command: str = "run"
    extra: str = ""


CASES: dict[str, Case] = {
    "wrong key": Case("does not accept the key", keys={"api_key": "nobody-0123456789"}),
    "wrong secret": Case("does not accept the key", keys={"secret": "wrong-0123456789"}, command="plan"),
    "key may withdraw": Case("may withdraw", _withdraws),
    "key may not trade": Case("may not trade|may only read|permission", _only_reads, command="plan"),
    "hedge mode": Case("switch it to one-way mode", _hedges),
    "unknown symbol": Case("no market DOGE/USDT:USDT", settings={"symbols": '{ DOGE = "DOGE/USDT:USDT" }'}),
    "inverse contract": Case("inverse|linear", settings={"symbols": '{ ETH = "ETH/USD:ETH" }'}, command="plan"),
    "leverage above the tier": Case(
        "leverage 125 is above ETH/USDT:USDT's largest, 100",
        settings={"leverage": "125"},
        extra="[risk]\ni_understand_high_leverage = true\n",
    ),
    "money in the wrong asset": Case("BTC but no USDT; convert it", _holds_btc),
}


@pytest.mark.parametrize("flavour", campaign_but(TWINS, "binance", "bitget-uta"))
async def test_each_wrong_account_is_refused_before_anything_is_sent(flavour: str, tmp_path: Path) -> None:
    async with world(tmp_path, blocks=20) as here:
        for number, case in enumerate(CASES.values()):
            folder = tmp_path / str(number)  # a short name: a socket's path may not be long
            folder.mkdir()
            await _is_refused(here, flavour, folder, case)


async def _is_refused(here: World, flavour: str, folder: Path, case: Case) -> None:
    async with account(flavour, folder) as venue:
        if case.account is not None:
            case.account(venue.scene.desk)
        ended = await dnbot(case.command, "-c", str(_config(here, venue, folder, case)), environ=_keys(venue, case))
    assert ended.code == 2, (case, ended)
    errors = "".join(line for line in ended.said.splitlines() if not line.startswith("{"))
    assert any(part in errors for part in case.says.split("|")), (case, ended)
    assert "Traceback" not in ended.said
    assert venue.writes == []
    assert venue.scene.desk.orders() == []


def _keys(venue: Account, case: Case) -> dict[str, str]:
    return venue.environment(**case.keys)


def _config(here: World, venue: Account, folder: Path, case: Case) -> Path:
    text = without_venues(here).replace(str(here.folder / "state"), str(folder / "state"))
    file = folder / "bot.toml"
    file.write_text(text + venue.table(**case.settings) + case.extra, encoding="utf-8")
    return file
